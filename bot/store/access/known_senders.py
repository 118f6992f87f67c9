"""Who is no stranger: the people and chats that a role, or a list of people on call, names. Kept in memory, so that
nothing need be asked for an update of anybody else."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.tables.people import OverrideRow, RotationRow

# What changes it says so; this is for what was changed in another way.
FRESH_FOR = timedelta(minutes=1)


class AlertChats(Protocol):
    async def alert_chats(self, session: AsyncSession) -> Collection[int]:
        """Chats that alerts go to."""


class Known:
    """`people` have a role of their own or are on call, `chats` give one to everybody in them; `ours` are those chats
    and the ones that are told of outages."""

    def __init__(self, store: Store, grants: GrantBook, alert_chats: AlertChats, clock: Clock) -> None:
        self._store = store
        self._grants = grants
        self._alert_chats = alert_chats
        self._clock = clock
        self._read_at: datetime | None = None
        self.people: frozenset[int] = frozenset()
        self.chats: frozenset[int] = frozenset()
        self.ours: frozenset[int] = frozenset()

    def changed(self) -> None:
        """Somebody was given something, or is on call now: it is read again before it is asked for the next time."""
        self._read_at = None

    def moved(self, old: int, new: int) -> None:
        """A group that became a supergroup is itself from this moment on."""
        if old in self.chats:
            self.chats |= {new}
        if old in self.ours:
            self.ours |= {new}

    async def refresh(self) -> None:
        """Read it if it is not fresh. Raises SQLAlchemyError."""
        now = self._clock()
        if self._read_at is not None and timedelta() <= now - self._read_at < FRESH_FOR:
            return
        # Before it is read: a change meanwhile is read the next time.
        self._read_at = now
        try:
            async with self._store.begin() as session:
                subjects = {grant.subject for grant in (await self._grants.read(session)).grants}
                alerted = await self._alert_chats.alert_chats(session)
                on_call = await _on_call(session, now)
        except BaseException:
            self._read_at = None
            raise
        self.chats = frozenset(subject for subject in subjects if subject < 0)
        self.people = frozenset(subject for subject in subjects if subject > 0) | on_call
        self.ours = self.chats | frozenset(alerted)


async def _on_call(session: AsyncSession, now: datetime) -> frozenset[int]:
    turns = (await session.execute(select(RotationRow.people))).scalars()
    over = await session.execute(select(OverrideRow.person_id).where(OverrideRow.ends_at > now))
    return frozenset((*(person for people in turns for person in people), *over.scalars()))

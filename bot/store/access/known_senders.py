"""Cache of known senders: people and chats with a role or on call. Updates of strangers need no transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.tables.people import OverrideRow, RotationRow

# Timeout of the cache: covers changes made without a call of `changed`.
CACHE_TIMEOUT = timedelta(minutes=1)


class AlertChats(Protocol):
    def alert_chats(self, session: Session) -> Collection[int]:
        """Return the chats that alerts go to."""


class KnownSenders:
    """`people`: with a role of their own or on call; `chats`: give a role to all members; `ours`: those chats and the
    ones that get alerts."""

    def __init__(self, database: Database, grants: Grants, alert_chats: AlertChats, clock: Clock) -> None:
        self._database = database
        self._grants = grants
        self._alert_chats = alert_chats
        self._clock = clock
        self._read_at: datetime | None = None
        self.people: frozenset[int] = frozenset()
        self.chats: frozenset[int] = frozenset()
        self.ours: frozenset[int] = frozenset()

    def invalidate(self) -> None:
        """Invalidate the cache after a change of grants or on-call."""
        self._read_at = None

    def add_migrated(self, old: int, new: int) -> None:
        """Add the new id of a group that became a supergroup."""
        if old in self.chats:
            self.chats |= {new}
        if old in self.ours:
            self.ours |= {new}

    async def refresh(self) -> None:
        """Reload if expired. Raises SQLAlchemyError."""
        now = self._clock()
        if self._read_at is not None and timedelta() <= now - self._read_at < CACHE_TIMEOUT:
            return
        # Set before the read: a change during it is read the next time.
        self._read_at = now
        try:
            subjects, alerted, on_call = await self._database.run(self._read, now)
        except BaseException:
            self._read_at = None
            raise
        self.chats = frozenset(subject for subject in subjects if subject < 0)
        self.people = frozenset(subject for subject in subjects if subject > 0) | on_call
        self.ours = self.chats | alerted

    def _read(self, session: Session, now: datetime) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
        """Return the people and chats with a role, the chats that get alerts, and the people on call."""
        subjects = frozenset(grant.subject for grant in self._grants.read(session).grants)
        return subjects, frozenset(self._alert_chats.alert_chats(session)), _on_call(session, now)


def _on_call(session: Session, now: datetime) -> frozenset[int]:
    rotations = session.execute(select(RotationRow.people)).scalars()
    overrides = session.execute(select(OverrideRow.person_id).where(OverrideRow.ends_at > now))
    return frozenset((*(person for people in rotations for person in people), *overrides.scalars()))

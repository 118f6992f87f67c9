"""Whom an incident goes to: the person on call, whoever comes next, everybody on the list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Permission
from bot.store.acquaintances import named_in
from bot.store.grants import GrantBook
from bot.store.tables import Pager


class Roster(Protocol):
    """Who is on call; see `bot.oncall`."""

    def on_call(self, at: datetime) -> Mapping[int, int | None]: ...
    def next_to_ask(self, at: datetime, already: Collection[int]) -> int | None: ...
    def everyone(self) -> tuple[int, ...]: ...


class Book(Protocol):
    async def roster_in(self, session: AsyncSession, station: str) -> Roster: ...
    async def quiet_hours(self, session: AsyncSession, person: int) -> tuple[time, time] | None: ...


@dataclass(frozen=True, slots=True)
class Called:
    """`people` to be told now; `skipped` are on call too, and have never opened the bot's private chat or left it."""

    people: tuple[int, ...]
    skipped: tuple[int, ...] = ()


class People:
    """The people of one station."""

    def __init__(self, book: Book, grants: GrantBook, station: str) -> None:
        self._book = book
        self._grants = grants
        self._station = station

    async def next(self, session: AsyncSession, now: datetime, already: Collection[int]) -> Called:
        """The first who is on call and can be written to, of those who have not been told yet."""
        roster = await self._book.roster_in(session, self._station)
        skipped: list[int] = []
        while (person := roster.next_to_ask(now, {*already, *skipped})) is not None:
            if await _is_reachable(session, person):
                return Called((person,), tuple(skipped))
            skipped.append(person)
        return Called((), tuple(skipped))

    async def everybody(self, session: AsyncSession, now: datetime) -> Called:
        """Everybody on the list; without a list the administrators."""
        roster = await self._book.roster_in(session, self._station)
        if everyone := roster.everyone():
            return Called(everyone)
        granted = await self._grants.read(session)
        return Called(tuple(granted.people_with(Permission.ONCALL, self._station, now)))

    async def quiet_hours(self, session: AsyncSession, person: int) -> tuple[time, time] | None:
        return await self._book.quiet_hours(session, person)

    async def names(self, session: AsyncSession, people: Collection[int]) -> dict[int, str]:
        known = await named_in(session, people)
        return {person: known[person].name if person in known else str(person) for person in people}


async def _is_reachable(session: AsyncSession, person: int) -> bool:
    """Unless it is known that they cannot be written to."""
    found = await session.execute(select(Pager.reachable).where(Pager.person_id == person))
    return found.scalar_one_or_none() is not False


def quiet_until(hours: tuple[time, time] | None, now: datetime) -> datetime | None:
    """When the quiet hours that hold at `now` (an aware local time) end; None when none hold. Pure.

    Hours like 22:00-08:00 go over midnight; equal ends are the whole day."""
    if hours is None:
        return None
    begins, ends = hours
    clock = now.timetz().replace(tzinfo=None)
    over_midnight = begins >= ends
    holds = clock >= begins or clock < ends if over_midnight else begins <= clock < ends
    if not holds:
        return None
    day = now.date().toordinal() + (1 if over_midnight and clock >= ends else 0)
    return datetime.combine(now.date().fromordinal(day), ends, now.tzinfo)

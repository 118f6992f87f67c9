"""Reachability of people on call in private chats, and their quiet hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.people import Pager

QuietHours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Reachability:
    """`reachable`: None until checked. `warned_at`: time of the last notification of others."""

    reachable: bool | None = None
    checked_at: datetime | None = None
    warned_at: datetime | None = None


NOT_CHECKED = Reachability()


async def known(session: AsyncSession, people: Iterable[int]) -> Mapping[int, Reachability]:
    found = await session.execute(select(Pager).where(Pager.person_id.in_(tuple(people))))
    return {row.person_id: Reachability(row.reachable, row.checked_at, row.warned_at) for row in found.scalars()}


async def store_check(session: AsyncSession, person: int, now: datetime, *, reachable: bool, warned: bool) -> None:
    """Store the result of a check."""
    row = await _row(session, person)
    row.reachable, row.checked_at = reachable, now
    if warned or reachable:
        # After a success the next failure is a new one.
        row.warned_at = now if warned else None


async def schedule_check(session: AsyncSession, people: Iterable[int]) -> None:
    """Make the check of each person due at once, in the session that changes their duties."""
    await session.execute(update(Pager).where(Pager.person_id.in_(tuple(people))).values(checked_at=None))


async def quiet_hours(session: AsyncSession, person: int) -> QuietHours | None:
    """Return start and end in local time; an earlier end means past midnight."""
    row = await session.get(Pager, person)
    if row is None or row.quiet_from is None or row.quiet_to is None:
        return None
    return time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_to)


async def set_quiet_hours(session: AsyncSession, person: int, hours: QuietHours | None) -> None:
    row = await _row(session, person)
    row.quiet_from, row.quiet_to = (f"{at:%H:%M}" for at in hours) if hours else (None, None)


async def _row(session: AsyncSession, person: int) -> Pager:
    row = await session.get(Pager, person)
    if row is None:
        row = Pager(person_id=person)
        session.add(row)
    return row

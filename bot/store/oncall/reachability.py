"""Reachability of people on call in private chats, and their quiet hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.store.tables.people import Pager

QuietHours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Reachability:
    """`reachable`: None until checked. `warned_at`: time of the last notification of others."""

    reachable: bool | None = None
    checked_at: datetime | None = None
    warned_at: datetime | None = None


NOT_CHECKED = Reachability()


def known(session: Session, people: Iterable[int]) -> Mapping[int, Reachability]:
    found = session.execute(select(Pager).where(Pager.person_id.in_(tuple(people))))
    return {row.person_id: Reachability(row.reachable, row.checked_at, row.warned_at) for row in found.scalars()}


def store_check(session: Session, person: int, now: datetime, *, reachable: bool, warned: bool) -> None:
    """Store the result of a check."""
    row = _row(session, person)
    row.reachable, row.checked_at = reachable, now
    if warned or reachable:
        # After a success the next failure is a new one.
        row.warned_at = now if warned else None


def schedule_check(session: Session, people: Iterable[int]) -> None:
    """Make the check of each person due at once, in the session that changes their duties."""
    session.execute(update(Pager).where(Pager.person_id.in_(tuple(people))).values(checked_at=None))


def quiet_hours(session: Session, person: int) -> QuietHours | None:
    """Return start and end in local time; an earlier end means past midnight."""
    row = session.get(Pager, person)
    if row is None or row.quiet_from is None or row.quiet_to is None:
        return None
    return time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_to)


def set_quiet_hours(session: Session, person: int, hours: QuietHours | None) -> None:
    row = _row(session, person)
    row.quiet_from, row.quiet_to = (f"{at:%H:%M}" for at in hours) if hours else (None, None)


def _row(session: Session, person: int) -> Pager:
    row = session.get(Pager, person)
    if row is None:
        row = Pager(person_id=person)
        session.add(row)
    return row

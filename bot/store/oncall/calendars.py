"""Calendars of duties, by the level on which they decide. Where one comes from may be a secret: it stays here.

What was read from a calendar is kept beside it, so that who is on call can be told without reading it again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.oncall.rotation import Calendar, Duty
from bot.store.tables.people import RotationRow

# The problem of a calendar whose address and text are lost: they were sealed with the token of another bot.
FORGOTTEN = "forgotten"
_NOWHERE = {"url": "", "text": ""}


@dataclass(frozen=True, slots=True)
class KeptCalendar:
    """`url` is "" for a file. `zone` is for what names none. `problem` is the name of what went wrong at the last
    attempt, "" when nothing did; a FORGOTTEN one has neither address nor text."""

    level: int
    url: str
    text: str
    zone: str
    calendar: Calendar
    # When it was last fetched, or tried, and read into the weeks to come.
    fetched_at: datetime
    problem: str = ""


async def of_station(session: AsyncSession, station: str) -> list[KeptCalendar]:
    found = await session.execute(select(RotationRow).where(RotationRow.station == station).order_by(RotationRow.level))
    return [kept for row in found.scalars() if (kept := of_row(row)) is not None]


def of_row(row: RotationRow) -> KeptCalendar | None:
    return restored(row.level, {**_NOWHERE, **row.calendar, **(row.source or {})}) if row.calendar else None


async def keep(session: AsyncSession, station: str, kept: KeptCalendar, by: str, now: datetime) -> None:
    """It decides on its level from now on; turns that were set there wait beneath it."""
    row = await session.get(RotationRow, (station, kept.level))
    if row is None:
        row = RotationRow(station=station, level=kept.level, people=[], shift={})
        session.add(row)
    _write(row, kept)
    row.changed_at, row.changed_by = now, by[:128]


async def renew(session: AsyncSession, station: str, old: KeptCalendar, new: KeptCalendar) -> bool:
    """False when somebody has put another in its place meanwhile, or taken it away."""
    row = await session.get(RotationRow, (station, old.level))
    if row is None or of_row(row) != old:
        return False
    _write(row, new)
    return True


def _write(row: RotationRow, kept: KeptCalendar) -> None:
    written = stored(kept)
    row.source = {key: written.pop(key) for key in _NOWHERE}
    row.calendar = written


def restored(level: int, written: dict[str, Any]) -> KeptCalendar:
    moment = datetime.fromisoformat
    duties = tuple(Duty(person, moment(begins), moment(ends), level) for person, begins, ends in written["duties"])
    return KeptCalendar(
        level=level,
        url=written["url"],
        text=written["text"],
        zone=written["zone"],
        calendar=Calendar(duties, tuple(written["unknown"])),
        fetched_at=moment(written["fetched_at"]),
        problem=written["problem"],
    )


def stored(kept: KeptCalendar) -> dict[str, Any]:
    return {
        "url": kept.url,
        "text": kept.text,
        "zone": kept.zone,
        "duties": [[one.person, one.begins.isoformat(), one.ends.isoformat()] for one in kept.calendar.duties],
        "unknown": list(kept.calendar.unknown),
        "fetched_at": kept.fetched_at.isoformat(),
        "problem": kept.problem,
    }

"""Calendars of duties, by level. The address may be a secret, to be shown to authorized people only.

Parsed duties are stored with the address, so that the schedule is available without a download.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.oncall.rotation import Calendar, Duty
from bot.store.tables.people import RotationRow

# Problem of a calendar whose address and text were encrypted with another token.
FORGOTTEN = "forgotten"
_NOWHERE = {"url": "", "text": ""}


@dataclass(frozen=True, slots=True)
class KeptCalendar:
    """`url`: "" for a file. `zone`: for times without one. `problem`: error of the last attempt, "" if none; with
    FORGOTTEN address and text are empty."""

    level: int
    url: str
    text: str
    zone: str
    calendar: Calendar
    # Time of the last download or attempt, and of the last parse into the coming weeks.
    fetched_at: datetime
    problem: str = ""


async def of_station(session: AsyncSession, station: str) -> list[KeptCalendar]:
    found = await session.execute(select(RotationRow).where(RotationRow.station == station).order_by(RotationRow.level))
    return [kept for row in found.scalars() if (kept := of_row(row)) is not None]


def of_row(row: RotationRow) -> KeptCalendar | None:
    return restored(row.level, {**_NOWHERE, **row.calendar, **(row.source or {})}) if row.calendar else None


async def keep(session: AsyncSession, station: str, kept: KeptCalendar, by: str, now: datetime) -> None:
    """Store a calendar, which takes the place of the level's rotation; the rotation is kept."""
    row = await session.get(RotationRow, (station, kept.level))
    if row is None:
        row = RotationRow(station=station, level=kept.level, people=[], shift={})
        session.add(row)
    _write(row, kept)
    row.changed_at, row.changed_by = now, by[:128]


async def renew(session: AsyncSession, station: str, old: KeptCalendar, new: KeptCalendar) -> bool:
    """Replace the calendar; False if it was changed or removed meanwhile."""
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

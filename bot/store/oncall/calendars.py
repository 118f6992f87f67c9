"""Calendars of duties, by level. The address may be a secret, to be shown to authorized people only.

Parsed duties are stored with the address, so that the schedule is available without a download.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.oncall.rotation import Calendar, Duty
from bot.store.tables.people import RotationRow

# Problem of a calendar whose address and text were encrypted with another token.
UNREADABLE = "forgotten"
_NO_SOURCE = {"url": "", "text": ""}


@dataclass(frozen=True, slots=True)
class StoredCalendar:
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


def of_station(session: Session, station: str) -> list[StoredCalendar]:
    found = session.execute(select(RotationRow).where(RotationRow.station == station).order_by(RotationRow.level))
    return [stored_calendar for row in found.scalars() if (stored_calendar := of_row(row)) is not None]


def of_row(row: RotationRow) -> StoredCalendar | None:
    return from_json(row.level, {**_NO_SOURCE, **row.calendar, **(row.source or {})}) if row.calendar else None


def set_calendar(session: Session, station: str, stored_calendar: StoredCalendar, by: str, now: datetime) -> None:
    """Store a calendar, which takes the place of the level's rotation; the rotation is kept."""
    row = session.get(RotationRow, (station, stored_calendar.level))
    if row is None:
        row = RotationRow(station=station, level=stored_calendar.level, people=[], shift={})
        session.add(row)
    _write(row, stored_calendar)
    row.changed_at, row.changed_by = now, by[:128]


def replace_calendar(session: Session, station: str, old: StoredCalendar, new: StoredCalendar) -> bool:
    """Replace the calendar; False if it was changed or removed meanwhile."""
    row = session.get(RotationRow, (station, old.level))
    if row is None or of_row(row) != old:
        return False
    _write(row, new)
    return True


def _write(row: RotationRow, stored_calendar: StoredCalendar) -> None:
    data = to_json(stored_calendar)
    row.source = {key: data.pop(key) for key in _NO_SOURCE}
    row.calendar = data


def from_json(level: int, data: dict[str, Any]) -> StoredCalendar:
    parse = datetime.fromisoformat
    duties = tuple(Duty(person, parse(begins), parse(ends), level) for person, begins, ends in data["duties"])
    return StoredCalendar(
        level=level,
        url=data["url"],
        text=data["text"],
        zone=data["zone"],
        calendar=Calendar(duties, tuple(data["unknown"])),
        fetched_at=parse(data["fetched_at"]),
        problem=data["problem"],
    )


def to_json(stored_calendar: StoredCalendar) -> dict[str, Any]:
    return {
        "url": stored_calendar.url,
        "text": stored_calendar.text,
        "zone": stored_calendar.zone,
        "duties": [
            [duty.person, duty.begins.isoformat(), duty.ends.isoformat()] for duty in stored_calendar.calendar.duties
        ],
        "unknown": list(stored_calendar.calendar.unknown),
        "fetched_at": stored_calendar.fetched_at.isoformat(),
        "problem": stored_calendar.problem,
    }

"""Build a roster from database rows."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.oncall.roster import Roster
from bot.oncall.rotation import Override, Rotation, Shift, Unit
from bot.store.oncall import calendars
from bot.store.tables.people import OverrideRow, RotationRow


def read(session: Session, station: str, now: datetime, states: Collection[str]) -> Roster:
    """Include current and future overrides in one of `states`."""
    found = session.execute(select(RotationRow).where(RotationRow.station == station).order_by(RotationRow.level))
    rows = list(found.scalars())
    overrides = session.execute(
        select(OverrideRow).where(
            OverrideRow.station == station, OverrideRow.ends_at > now, OverrideRow.state.in_(states)
        )
    )
    return Roster(
        tuple(_rotation(row) for row in rows if row.people),
        tuple(_override(row) for row in overrides.scalars()),
        {row.level: stored_calendar.calendar for row in rows if (stored_calendar := calendars.of_row(row)) is not None},
    )


def stations(session: Session, now: datetime) -> set[str]:
    """Return stations with a rotation, a calendar, or an override that is not over."""
    rotations = session.execute(select(RotationRow.station).distinct())
    overrides = session.execute(select(OverrideRow.station).where(OverrideRow.ends_at > now).distinct())
    return {*rotations.scalars(), *overrides.scalars()}


def stored_shift(shift: Shift) -> dict[str, Any]:
    return {
        "unit": str(shift.unit),
        "length": shift.length,
        "begins": shift.begins.isoformat(timespec="minutes"),
        "zone": shift.zone,
    }


def restored_shift(stored: Mapping[str, Any]) -> Shift:
    return Shift(
        Unit(stored["unit"]), int(stored["length"]), datetime.fromisoformat(stored["begins"]), str(stored["zone"])
    )


def _rotation(row: RotationRow) -> Rotation:
    return Rotation(row.level, tuple(row.people), restored_shift(row.shift))


def _override(row: OverrideRow) -> Override:
    return Override(row.id, row.level, row.person_id, row.begins_at, row.ends_at)

"""Rows of silences: mutes and maintenance windows, by station."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, null, or_, select
from sqlalchemy.orm import Session

from bot.access.policy import EVERY_STATION
from bot.store.tables.incidents import SilenceRow

# Core statement, built once: run for every /status.
_SILENCES = SilenceRow.metadata.tables[SilenceRow.__tablename__]
_CURRENT = (
    select(_SILENCES)
    .where(
        _SILENCES.c.ended_at.is_(None),
        or_(
            _SILENCES.c.station == bindparam("of"),
            and_(
                _SILENCES.c.station == EVERY_STATION,
                or_(_SILENCES.c.subject == bindparam("everything"), _SILENCES.c.subject.like(bindparam("of_each"))),
            ),
        ),
    )
    .order_by(_SILENCES.c.station == EVERY_STATION, _SILENCES.c.id)
)


def add(session: Session, row: SilenceRow) -> None:
    """Add a silence to the session."""
    session.add(row)


def find(session: Session, silence_id: int) -> SilenceRow | None:
    return session.get(SilenceRow, silence_id)


def unended(session: Session, station: str) -> Sequence[SilenceRow]:
    """Return the silences of a station that were not ended by a person, by id; some may have expired."""
    found = select(SilenceRow).where(SilenceRow.station == station, SilenceRow.ended_at.is_(None))
    return session.execute(found.order_by(SilenceRow.id)).scalars().all()


def current(session: Session, station: str, everything: str, of_each: str) -> Sequence[Any]:
    """Return the rows of `unended`, followed by those of all stations whose subject is `everything` or begins with
    `of_each`; not bound to the session."""
    return (
        session.connection()
        .execute(_CURRENT, {"of": station, "everything": everything, "of_each": f"{of_each}%"})
        .all()
    )


def delete_old(session: Session, before: datetime, everything: str, limit: timedelta) -> None:
    """Delete silences that ended before a time; one of subject `everything` without an end expires after `limit`. The
    newest row of each station stays, so that its number is not reused."""
    of_everything = (SilenceRow.subject == everything) & SilenceRow.repeats.is_(null()) & SilenceRow.until.is_(None)
    session.execute(
        delete(SilenceRow).where(
            SilenceRow.id.not_in(select(func.max(SilenceRow.id)).group_by(SilenceRow.station)),
            or_(
                SilenceRow.ended_at <= before,
                SilenceRow.until <= before,
                of_everything & (SilenceRow.begins_at <= before - limit),
            ),
        )
    )

"""Rows of silences: mutes and maintenance windows, by station."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, null, or_, select
from sqlalchemy.orm import Session

from bot.store.tables.incidents import SilenceRow


def add(session: Session, row: SilenceRow) -> None:
    """Add a silence to the session."""
    session.add(row)


def find(session: Session, silence_id: int) -> SilenceRow | None:
    return session.get(SilenceRow, silence_id)


def unended(session: Session, station: str) -> Sequence[SilenceRow]:
    """Return the silences of a station that were not ended by a person, by id; some may have expired."""
    found = select(SilenceRow).where(SilenceRow.station == station, SilenceRow.ended_at.is_(None))
    return session.execute(found.order_by(SilenceRow.id)).scalars().all()


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

"""Queries and updates of the incident manager: open incidents of one station. Functions use the caller's session, to
which returned rows belong; none commits."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from bot.store.stations.incidents import REHEARSAL
from bot.store.tables.incidents import Incident

# Built once: run for every change; building costs more than running.
_OPEN_COUNT = (
    select(func.count())
    .select_from(Incident)
    .where(Incident.station == bindparam("of"), Incident.open_key.is_not(None), Incident.kind != REHEARSAL)
)


def find(session: Session, incident_id: int) -> Incident | None:
    return session.get(Incident, incident_id)


def find_open(session: Session, station: str, subject: str) -> Incident | None:
    """Return the open incident of a subject; the schema allows one."""
    found = session.execute(select(Incident).where(Incident.open_key == open_key(station, subject)))
    return found.scalar_one_or_none()


def is_open(session: Session, station: str, subject: str) -> bool:
    found = session.execute(select(Incident.id).where(Incident.open_key == open_key(station, subject)))
    return found.scalar_one_or_none() is not None


def open_key(station: str, subject: str) -> str:
    return f"{station}|{subject}"


def all_open(session: Session, station: str) -> Sequence[Incident]:
    """Return the open incidents of a station by id."""
    found = session.execute(
        select(Incident).where(Incident.station == station, Incident.open_key.is_not(None)).order_by(Incident.id)
    )
    return found.scalars().all()


def open_count(session: Session, station: str) -> int:
    """Return the number of open incidents of a station, drills excluded."""
    return session.connection().execute(_OPEN_COUNT, {"of": station}).scalar_one()


def open_counts(session: Session) -> Mapping[str, int]:
    """Return the number of open incidents by station, drills included."""
    by_station = select(Incident.station, func.count()).where(Incident.open_key.is_not(None))
    return {row[0]: row[1] for row in session.execute(by_station.group_by(Incident.station)).all()}


def due(session: Session, station: str, now: datetime, limit: int) -> Sequence[Incident]:
    """Return open incidents with a step or warning due by now, by id."""
    found = session.execute(
        select(Incident)
        .where(
            Incident.station == station,
            Incident.open_key.is_not(None),
            or_(Incident.due_at <= now, Incident.warn_at <= now),
        )
        .order_by(Incident.id)
        .limit(limit)
    )
    return found.scalars().all()


def postpone(session: Session, incident_id: int, now: datetime, until: datetime) -> None:
    """Move the step and the warning that are due by now to a later time, for a retry."""
    for column in (Incident.due_at, Incident.warn_at):
        overdue = update(Incident).where(Incident.id == incident_id, column <= now)
        session.execute(overdue.values({column: until}))


def make_suppressed_due(session: Session, station: str, now: datetime) -> None:
    """Make open incidents due now that are suppressed or without a notification yet."""
    session.execute(
        update(Incident)
        .where(
            Incident.station == station,
            Incident.open_key.is_not(None),
            or_(Incident.held_by != "", Incident.step == 0),
        )
        .values(due_at=now)
    )


def claim(session: Session, incident: Incident) -> bool:
    """Lock optimistically by version and refresh the row in its session; False when the incident has changed since it
    was read."""
    claimed = session.execute(
        update(Incident)
        .where(Incident.id == incident.id, Incident.version == incident.version)
        .values(version=incident.version + 1)
        .returning(Incident.id)
        .execution_options(synchronize_session=False)
    )
    if claimed.scalar_one_or_none() is None:
        return False
    session.refresh(incident)
    return True


def acknowledge(
    session: Session, station: str, incident_id: int, person_id: int, person_name: str, now: datetime
) -> Incident | None:
    """Acknowledge an open incident; None when it is not open at the station, or acknowledged already."""
    acknowledged = session.execute(
        update(Incident)
        .where(
            Incident.id == incident_id,
            Incident.station == station,
            Incident.open_key.is_not(None),
            Incident.acknowledged_at.is_(None),
        )
        .values(
            acknowledged_at=now,
            acknowledged_by=person_name[:128],
            acknowledged_by_id=person_id,
            version=Incident.version + 1,
        )
        .returning(Incident)
    )
    return acknowledged.scalar_one_or_none()


def add(session: Session, incident: Incident) -> None:
    """Add an incident to the session and flush it, which sets the id and number."""
    session.add(incident)
    session.flush()


def savepoint(session: Session) -> AbstractContextManager[object]:
    """Roll back only the changes of the block when it raises; the transaction can go on."""
    return session.begin_nested()

"""Stored states of trunks and stations, by station and subject."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, union, update
from sqlalchemy.orm import Session

from bot.store.tables.incidents import Incident, WatchState
from bot.store.upsert import Upsert

State = dict[str, Any]

# Built once: run for every change; building costs more than running.
_STATES = WatchState.metadata.tables[WatchState.__tablename__]
_DELETE = delete(_STATES).where(
    _STATES.c.station == bindparam("of"), _STATES.c.subject.in_(bindparam("about", expanding=True))
)
_UPSERT = Upsert(lambda insert: _updating(insert(_STATES)))
_UPDATE = (
    update(WatchState)
    .where(WatchState.station == bindparam("of"), WatchState.subject == bindparam("about"))
    .values(state=bindparam("new"), updated_at=bindparam("at"))
)


def load(session: Session, station: str) -> dict[str, State]:
    """Return the states of a station by subject."""
    found = session.execute(select(WatchState).where(WatchState.station == station))
    return {row.subject: row.state for row in found.scalars()}


def load_all(session: Session) -> dict[str, dict[str, State]]:
    """Return the states of all stations by station and subject."""
    states: dict[str, dict[str, State]] = defaultdict(dict)
    for row in session.execute(select(WatchState.station, WatchState.subject, WatchState.state)).all():
        states[row.station][row.subject] = row.state
    return states


def save(session: Session, station: str, changed: Mapping[str, State | None], now: datetime) -> None:
    """Insert or replace states by subject; None deletes one."""
    rows = [
        {"station": station, "subject": subject, "state": state, "updated_at": now}
        for subject, state in changed.items()
        if state is not None
    ]
    if rows:
        session.execute(_UPSERT.of(session), rows)
    if deleted := [subject for subject, state in changed.items() if state is None]:
        session.execute(_DELETE, {"of": station, "about": deleted})


def update_existing(session: Session, states: Iterable[tuple[tuple[str, str], tuple[State, datetime]]]) -> None:
    """Replace ((station, subject), (state, time)) where a row exists; a deleted state is not inserted again."""
    rows = [{"of": station, "about": subject, "new": state, "at": at} for (station, subject), (state, at) in states]
    if rows:
        session.connection().execute(_UPDATE, rows)


def delete_of(session: Session, station: str) -> None:
    session.execute(delete(WatchState).where(WatchState.station == station))


def stations_with_data(session: Session) -> Sequence[str]:
    """Return the stations with open incidents or stored states."""
    open_of = select(Incident.station).where(Incident.open_key.is_not(None))
    return session.execute(union(open_of, select(WatchState.station))).scalars().all()


def _updating(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=[_STATES.c.station, _STATES.c.subject],
        set_={"state": insert.excluded.state, "updated_at": insert.excluded.updated_at},
    )

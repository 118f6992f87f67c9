"""Rename of a station in the database."""

from sqlalchemy import ColumnElement, Exists, Table, case, exists, func, literal, select, update
from sqlalchemy.orm import Session

from bot.store.stations import incident_updates
from bot.store.tables.base import Table as Tables
from bot.store.tables.incidents import Incident, SilenceRow

# The audit is immutable: decisions keep the station name of their time.
IMMUTABLE_PREFIX = "audit"
INCIDENTS, SILENCES = (Tables.metadata.tables[row.__tablename__] for row in (Incident, SilenceRow))
# Tables with a number that counts per station.
NUMBERED = (INCIDENTS, SILENCES)


def rename_station(session: Session, *, formerly: str, name: str) -> int:
    """Rename a station in the caller's session; return the number of rows changed. Idempotent, so that it can be
    retried.

    Rows already stored under the new name win; the conflicting ones keep the old name. So does an incident that is open
    under both names.
    """
    renamed = 0
    for table in Tables.metadata.sorted_tables:
        if "station" not in table.columns or table.name.startswith(IMMUTABLE_PREFIX):
            continue
        rows = update(table).where(table.c.station == formerly, ~_is_taken(table, name)).values(station=name)
        if table is INCIDENTS:
            rows = rows.values(open_key=_renamed_key(name))
        if table in NUMBERED:
            rows = rows.values(number=table.c.number + _number_offset(session, table, formerly, name))
        renamed += len(session.execute(rows.returning(table.c.station)).all())
    return renamed


def _is_taken(table: Table, name: str) -> Exists:
    """Return the condition for rows whose key is stored under the new name already."""
    taken = table.alias("taken")
    if table is INCIDENTS:
        return exists().where(taken.c.open_key == _renamed_key(name))
    others = [column.name for column in table.primary_key if column.name != "station"]
    return exists().where(taken.c.station == name, *(taken.c[column] == table.c[column] for column in others))


def _renamed_key(name: str) -> ColumnElement[str | None]:
    renamed = literal(incident_updates.open_key(name, "")).concat(INCIDENTS.c.subject)
    return case((INCIDENTS.c.open_key.is_not(None), renamed))


def _number_offset(session: Session, table: Table, formerly: str, name: str) -> int:
    """Return the offset for the numbers of renamed rows, 0 if the new name has no rows: numbers stay unique."""
    existing = select(func.count()).select_from(table).where(table.c.station == name)
    if not session.execute(existing).scalar_one():
        return 0
    both = select(func.max(table.c.number)).where(table.c.station.in_((formerly, name)))
    return int(session.execute(both).scalar_one() or 0)

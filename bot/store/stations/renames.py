"""Rename of a station in the database."""

from sqlalchemy import FromClause, func, literal, select, update
from sqlalchemy.orm import Session

from bot.store.tables.base import Table
from bot.store.tables.incidents import Incident, SilenceRow

# The audit is immutable: decisions keep the station name of their time.
IMMUTABLE_PREFIX = "audit"
# Tables with a number that counts per station.
NUMBERED = (Incident.__table__, SilenceRow.__table__)


def rename_station(session: Session, *, formerly: str, name: str) -> int:
    """Rename a station in the caller's session; return the number of rows changed. Idempotent, so that it can be
    retried.

    Rows already stored under the new name win; the conflicting ones keep the old name.
    """
    key = update(Incident).prefix_with("OR IGNORE").where(Incident.station == formerly, Incident.open_key.is_not(None))
    session.execute(
        key.values(open_key=literal(name).concat(func.substr(Incident.open_key, len(formerly) + 1))).execution_options(
            synchronize_session=False
        )
    )
    renamed = 0
    for table in Table.metadata.sorted_tables:
        if "station" not in table.columns or table.name.startswith(IMMUTABLE_PREFIX):
            continue
        rows = update(table).prefix_with("OR IGNORE").where(table.c.station == formerly)
        if table is Incident.__table__:
            # An incident that is open under both names keeps the old one.
            rows = rows.where(Incident.open_key.is_(None) | Incident.open_key.startswith(f"{name}|", autoescape=True))
        if table in NUMBERED:
            rows = rows.values(number=table.c.number + _number_offset(session, table, formerly, name))
        renamed += len(session.execute(rows.values(station=name).returning(table.c.station)).all())
    return renamed


def _number_offset(session: Session, table: FromClause, formerly: str, name: str) -> int:
    """Return the offset for the numbers of renamed rows, 0 if the new name has no rows: numbers stay unique."""
    existing = select(func.count()).select_from(table).where(table.c.station == name)
    if not session.execute(existing).scalar_one():
        return 0
    both = select(func.max(table.c.number)).where(table.c.station.in_((formerly, name)))
    return int(session.execute(both).scalar_one() or 0)

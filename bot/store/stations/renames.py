"""What is known of a station by a name that it does not have any more."""

from sqlalchemy import FromClause, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import chats, people  # noqa: F401 (their tables are looked through too)
from bot.store.tables.incidents import Incident, SilenceRow, Table

# Nothing changes the audit: what was decided stays under the name of that time.
CLOSED = "audit"
# Their rows have numbers that count at each station.
NUMBERED = (Incident.__table__, SilenceRow.__table__)


async def take_over(session: AsyncSession, *, formerly: str, name: str) -> int:
    """Everything of the station `formerly` becomes that of `name`; returns how many rows. What stands under the new
    name already stays as it is, and what it takes the place of stays behind under the old one. Done again it finds
    nothing to do."""
    key = update(Incident).prefix_with("OR IGNORE").where(Incident.station == formerly, Incident.open_key.is_not(None))
    await session.execute(
        key.values(open_key=literal(name).concat(func.substr(Incident.open_key, len(formerly) + 1))).execution_options(
            synchronize_session=False
        )
    )
    moved = 0
    for table in Table.metadata.sorted_tables:
        if "station" not in table.columns or table.name.startswith(CLOSED):
            continue
        rows = update(table).prefix_with("OR IGNORE").where(table.c.station == formerly)
        if table is Incident.__table__:
            # One that is open under both names stays behind.
            rows = rows.where(Incident.open_key.is_(None) | Incident.open_key.startswith(f"{name}|", autoescape=True))
        if table in NUMBERED:
            rows = rows.values(number=table.c.number + await _highest(session, table, formerly, name))
        moved += len((await session.execute(rows.values(station=name).returning(table.c.station))).all())
    return moved


async def _highest(session: AsyncSession, table: FromClause, formerly: str, name: str) -> int:
    """What to count on from, when numbers are given under the new name already; then no two of both are the same."""
    taken = select(func.count()).select_from(table).where(table.c.station == name)
    if not (await session.execute(taken)).scalar_one():
        return 0
    both = select(func.max(table.c.number)).where(table.c.station.in_((formerly, name)))
    return int((await session.execute(both)).scalar_one() or 0)

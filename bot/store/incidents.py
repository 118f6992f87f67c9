"""Incidents as they stand, for everybody who only looks."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.database import Store
from bot.store.tables import Incident


class Incidents:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, station: str) -> list[Incident]:
        async with self._store.begin() as session:
            return await open_in(session, station)

    async def find(self, station: str, incident_id: int) -> Incident | None:
        """An incident of this station, open or over."""
        async with self._store.begin() as session:
            incident = await session.get(Incident, incident_id)
        return incident if incident is not None and incident.station == station else None


async def open_in(session: AsyncSession, station: str) -> list[Incident]:
    """The oldest first."""
    found = await session.execute(
        select(Incident)
        .where(Incident.station == station, Incident.open_key.is_not(None))
        .order_by(Incident.began_at, Incident.id)
    )
    return list(found.scalars())

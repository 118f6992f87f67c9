"""A rehearsal: an incident in which nothing is broken, that goes the way of a real one until somebody takes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Destination
from bot.alerts.incident import REHEARSAL, Closed, End, Happened, Kind, Opened
from bot.alerts.lookouts.book import Book
from bot.store.database import Store
from bot.store.tables import Incident, IncidentEvent

# Long enough for everybody on the list to be reached.
LASTS = timedelta(minutes=30)


def over(began_at: datetime, acknowledged_at: datetime | None, now: datetime) -> Closed | None:
    """Taken, or nobody took it in all that time. To be asked whenever it is taken, and at `due_at`."""
    ended_at = acknowledged_at or due_at(began_at)
    return Closed(End.CALLED_OFF, ended_at) if ended_at <= now else None


def due_at(began_at: datetime) -> datetime:
    """When it ends at the latest."""
    return began_at + LASTS


@dataclass(frozen=True, slots=True)
class Running:
    began_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a rehearsal was told, by name, and in which chats; by which rules it is held back from others."""

    people: tuple[str, ...] = ()
    chats: tuple[Destination, ...] = ()
    held_by: tuple[str, ...] = ()


class Rehearsals:
    """Of one station, one at a time: the ledger opens no second incident of the same subject."""

    def __init__(self, store: Store, station: str, book: Book) -> None:
        self._store = store
        self._station = station
        self._book = book

    async def running(self) -> Running | None:
        async with self._store.begin() as session:
            incident = await self._open(session)
        return Running(incident.began_at, str(incident.facts["by"])) if incident else None

    async def begin(self, by: str, now: datetime) -> None:
        facts = {"station": self._station, "by": by}
        await self._book.apply({}, [Happened(REHEARSAL, Opened(Kind.REHEARSAL, now), facts)], now)

    async def told(self) -> Told:
        """What the chain of the one that runs says."""
        async with self._store.begin() as session:
            if (incident := await self._open(session)) is None:
                return Told()
            found = await session.execute(
                select(IncidentEvent).where(IncidentEvent.incident_id == incident.id).order_by(IncidentEvent.id)
            )
            return _told(list(found.scalars()))

    async def _open(self, session: AsyncSession) -> Incident | None:
        found = await session.execute(select(Incident).where(Incident.open_key == f"{self._station}|{REHEARSAL}"))
        return found.scalar_one_or_none()


def _told(chain: Iterable[IncidentEvent]) -> Told:
    people, chats, held_by = dict[str, None](), dict[Destination, None](), dict[str, None]()
    for event in chain:
        if event.what == "held":
            held_by[str(event.facts["rule"])] = None
        elif event.what == "told" and event.facts.get("person"):
            people[str(event.facts["person"])] = None
        elif event.what == "told":
            chats[Destination(int(event.facts["chat"]), event.facts.get("thread"))] = None
    return Told(tuple(people), tuple(chats), tuple(held_by))

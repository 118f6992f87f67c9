"""Incidents of a station, open and over, the chain of one, and what became of the messages about it. Only read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.database import Store
from bot.store.tables.incidents import (
    AlertMessage,
    AlertMessageIncident,
    AuditEntry,
    Incident,
    IncidentEvent,
    Outgoing,
    WatchState,
)

# Nothing is wrong: a rehearsal is shown where it is asked for, and counted nowhere.
REHEARSAL = "rehearsal"
# What says of an incident what kind it was, or why.
TURNS = ("opened", "worsened", "eased", "changed")
AS_NOTED = (IncidentEvent.noted_at, IncidentEvent.id)
# Built once: run every second, and building one costs more than running it.
_WITH_OPEN = select(Incident.station).where(Incident.open_key.is_not(None)).distinct()
_WITH_DUE = _WITH_OPEN.where(or_(Incident.due_at <= bindparam("now"), Incident.warn_at <= bindparam("now")))


@dataclass(frozen=True, slots=True)
class Delivered:
    """A card of an incident with the outbox rows behind it, in the order they were owed: the message, its changes and
    the answers to it."""

    card: AlertMessage
    rows: tuple[Outgoing, ...]


class Incidents:
    """`kept` is for how long, None for ever."""

    def __init__(self, store: Store, kept: timedelta | None = None) -> None:
        self._store = store
        self._kept = kept

    async def open(self, station: str) -> list[Incident]:
        """Oldest first."""
        async with self._store.begin() as session:
            return await open_in(session, station)

    async def open_everywhere(self) -> list[Incident]:
        """At every station, oldest first."""
        async with self._store.begin() as session:
            return await open_at_all(session)

    async def on_card(self, card: int) -> Sequence[Incident]:
        """Newest first."""
        shown = select(AlertMessageIncident.incident_id).where(AlertMessageIncident.card_id == card)
        return await self._incidents(Incident.id.in_(shown))

    async def open_counts(self) -> Mapping[str, int]:
        """How many are open at each station that has any, rehearsals apart."""
        real = (Incident.open_key.is_not(None), Incident.kind != REHEARSAL)
        query = select(Incident.station, func.count()).where(*real).group_by(Incident.station)
        async with self._store.begin() as session:
            return {row[0]: row[1] for row in await session.execute(query)}

    async def ended_since(self, station: str | None, since: datetime, limit: int) -> Sequence[Incident]:
        """Newest first; without a station at every one."""
        ended = [Incident.open_key.is_(None), Incident.ended_at >= since]
        if station is not None:
            ended.append(Incident.station == station)
        return await self._incidents(*ended, limit=limit)

    async def between(self, station: str, begin: datetime, end: datetime, subject: str | None = None) -> list[Incident]:
        """Those that lasted for a part of the period, newest first; of one subject, or of all."""
        return list(await self._incidents(*_lasting(station, begin, end, subject)))

    async def one(self, station: str, id_: int) -> Incident | None:
        found = await self._incidents(Incident.station == station, Incident.id == id_, limit=1)
        return found[0] if found else None

    async def numbered(self, station: str, number: int) -> Incident | None:
        """By the number that people read."""
        found = await self._incidents(Incident.station == station, Incident.number == number, limit=1)
        return found[0] if found else None

    async def newest(self, station: str) -> Incident | None:
        found = await self._incidents(Incident.station == station, limit=1)
        return found[0] if found else None

    async def chain(self, id_: int) -> Sequence[IncidentEvent]:
        """Everything that happened, in the order it was noted."""
        async with self._store.begin() as session:
            found = await session.execute(
                select(IncidentEvent).where(IncidentEvent.incident_id == id_).order_by(*AS_NOTED)
            )
            return found.scalars().all()

    async def turns(self, station: str, begin: datetime, end: datetime) -> Mapping[int, list[IncidentEvent]]:
        """For each incident of the period, how it turned: what it was, since when."""
        query = (
            select(IncidentEvent)
            .join(Incident, Incident.id == IncidentEvent.incident_id)
            .where(*_lasting(station, begin, end), IncidentEvent.what.in_(TURNS))
            .order_by(*AS_NOTED)
        )
        chains: dict[int, list[IncidentEvent]] = defaultdict(list)
        async with self._store.begin() as session:
            for event in (await session.execute(query)).scalars():
                chains[event.incident_id].append(event)
        return chains

    async def sent(self, ids: Collection[int]) -> Mapping[int, Outgoing]:
        """Rows of the outbox by their id."""
        async with self._store.begin() as session:
            found = await session.execute(select(Outgoing).where(Outgoing.id.in_(ids)))
            return {row.id: row for row in found.scalars()}

    async def delivered(self, id_: int) -> list[Delivered]:
        async with self._store.begin() as session:
            mine = select(AlertMessageIncident.card_id).where(AlertMessageIncident.incident_id == id_)
            cards = (
                (await session.execute(select(AlertMessage).where(AlertMessage.id.in_(mine)).order_by(AlertMessage.id)))
                .scalars()
                .all()
            )
            messages = [card.message for card in cards]
            found = await session.execute(
                select(Outgoing)
                .where(or_(Outgoing.id.in_(messages), Outgoing.about.in_(messages)))
                .order_by(Outgoing.id)
            )
            rows = found.scalars().all()
        return [Delivered(card, tuple(r for r in rows if card.message in (r.id, r.about))) for card in cards]

    async def names(self, station: str) -> Mapping[str, str]:
        """Of everything that ever had an incident, as the newest one calls it, by subject."""
        newest = select(func.max(Incident.id)).where(Incident.station == station).group_by(Incident.subject)
        return {incident.subject: name_of(incident) for incident in await self._incidents(Incident.id.in_(newest))}

    async def beginning(self, station: str, now: datetime) -> datetime | None:
        """The earliest sign of somebody watching the station; before it nothing is known, or not any more."""
        signs = (
            select(func.min(WatchState.updated_at)).where(WatchState.station == station),
            select(func.min(Incident.opened_at)).where(Incident.station == station),
            select(func.min(AuditEntry.at)).where(AuditEntry.station == station),
        )
        async with self._store.begin() as session:
            found = [(await session.execute(sign)).scalar_one_or_none() for sign in signs]
        first = min((moment for moment in found if moment is not None), default=None)
        return max(first, now - self._kept) if first is not None and self._kept is not None else first

    async def _incidents(self, *clauses: ColumnElement[bool], limit: int | None = None) -> Sequence[Incident]:
        async with self._store.begin() as session:
            query = select(Incident).where(*clauses).order_by(Incident.began_at.desc(), Incident.id.desc())
            return (await session.execute(query.limit(limit))).scalars().all()


async def open_in(session: AsyncSession, station: str) -> list[Incident]:
    """Oldest first."""
    found = await session.execute(
        select(Incident)
        .where(Incident.station == station, Incident.open_key.is_not(None))
        .order_by(Incident.began_at, Incident.id)
    )
    return list(found.scalars())


async def open_at_all(session: AsyncSession) -> list[Incident]:
    """At every station, oldest first."""
    found = await session.execute(
        select(Incident).where(Incident.open_key.is_not(None)).order_by(Incident.began_at, Incident.id)
    )
    return list(found.scalars())


async def stations_with_open(session: AsyncSession) -> set[str]:
    return set((await session.execute(_WITH_OPEN)).scalars())


async def stations_with_due(session: AsyncSession, now: datetime) -> set[str]:
    """Where there is something to do about an incident by now."""
    return set((await session.execute(_WITH_DUE, {"now": now})).scalars())


def name_of(incident: Incident) -> str:
    """What the incident is about, as its own facts call it: the PBX may not be there to be asked."""
    facts = incident.facts
    name = facts.get("trunk") or " ".join(str(facts[key]) for key in ("extension", "name") if facts.get(key))
    return str(name or incident.subject.rpartition(":")[2] or incident.station)


def _lasting(
    station: str, begin: datetime, end: datetime, subject: str | None = None
) -> tuple[ColumnElement[bool], ...]:
    clauses: tuple[ColumnElement[bool], ...] = (
        Incident.station == station,
        Incident.began_at < end,
        or_(Incident.ended_at.is_(None), Incident.ended_at > begin),
    )
    return clauses if subject is None else (*clauses, Incident.subject == subject)

"""Read-only queries for incidents, their timelines and the delivery of their notifications."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from bot.store.database import Database
from bot.store.tables.audit import AuditEntry
from bot.store.tables.incidents import Incident, IncidentEvent, WatchState
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Outgoing

# Drills are shown where explicitly requested, and counted nowhere.
REHEARSAL = "rehearsal"
# Timeline entries that record an incident's kind or cause.
CHANGE_EVENTS = ("opened", "worsened", "eased", "changed")
BY_NOTED_AT = (IncidentEvent.noted_at, IncidentEvent.id)
# Built once: run every second; building one costs more than running it.
_WITH_OPEN = select(Incident.station).where(Incident.open_key.is_not(None)).distinct()
_WITH_DUE = _WITH_OPEN.where(or_(Incident.due_at <= bindparam("now"), Incident.warn_at <= bindparam("now")))


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """Alert message of an incident with its outbox rows by id: the message, its edits and replies."""

    alert_message: AlertMessage
    rows: tuple[Outgoing, ...]


class Incidents:
    """Incidents of all stations. Each method is a transaction. `retention` is the retention, None for no limit."""

    def __init__(self, database: Database, retention: timedelta | None = None) -> None:
        self._database = database
        self._retention = retention

    async def open(self, station: str) -> list[Incident]:
        """Return the open incidents of a station, oldest first."""
        return await self._database.run(open_in, station)

    async def open_everywhere(self) -> list[Incident]:
        """Return the open incidents of all stations, oldest first."""
        return await self._database.run(open_at_all)

    async def on_alert_message(self, alert_message_id: int) -> Sequence[Incident]:
        """Return the incidents on an alert message, newest first."""
        incident_ids = select(AlertMessageIncident.incident_id).where(AlertMessageIncident.card_id == alert_message_id)
        return await self._incidents(Incident.id.in_(incident_ids))

    async def open_counts(self) -> Mapping[str, int]:
        """Return the number of open incidents of each station that has any, drills excluded."""
        without_drills = (Incident.open_key.is_not(None), Incident.kind != REHEARSAL)
        query = select(Incident.station, func.count()).where(*without_drills).group_by(Incident.station)
        counts = await self._database.run(lambda session: session.execute(query).all())
        return {row[0]: row[1] for row in counts}

    async def ended_since(self, station: str | None, since: datetime, limit: int) -> Sequence[Incident]:
        """Return incidents that ended since a time, newest first; of all stations if `station` is None."""
        ended = [Incident.open_key.is_(None), Incident.ended_at >= since]
        if station is not None:
            ended.append(Incident.station == station)
        return await self._incidents(*ended, limit=limit)

    async def between(self, station: str, begin: datetime, end: datetime, subject: str | None = None) -> list[Incident]:
        """Return incidents that overlap a period, newest first; of all subjects if `subject` is None."""
        return list(await self._incidents(*_overlapping(station, begin, end, subject)))

    async def find(self, station: str, id_: int) -> Incident | None:
        found = await self._incidents(Incident.station == station, Incident.id == id_, limit=1)
        return found[0] if found else None

    async def numbered(self, station: str, number: int) -> Incident | None:
        """Return the incident with the number that people read, or None."""
        found = await self._incidents(Incident.station == station, Incident.number == number, limit=1)
        return found[0] if found else None

    async def newest(self, station: str) -> Incident | None:
        found = await self._incidents(Incident.station == station, limit=1)
        return found[0] if found else None

    async def timeline(self, id_: int) -> Sequence[IncidentEvent]:
        """Return the timeline in the order of recording."""
        query = select(IncidentEvent).where(IncidentEvent.incident_id == id_).order_by(*BY_NOTED_AT)
        return await self._database.run(lambda session: session.scalars(query).all())

    async def changes(self, station: str, begin: datetime, end: datetime) -> Mapping[int, list[IncidentEvent]]:
        """Return the changes of kind and cause of each incident that overlaps a period, by incident id."""
        query = (
            select(IncidentEvent)
            .join(Incident, Incident.id == IncidentEvent.incident_id)
            .where(*_overlapping(station, begin, end), IncidentEvent.what.in_(CHANGE_EVENTS))
            .order_by(*BY_NOTED_AT)
        )
        changes: dict[int, list[IncidentEvent]] = defaultdict(list)
        for event in await self._database.run(lambda session: session.scalars(query).all()):
            changes[event.incident_id].append(event)
        return changes

    async def outbox_rows(self, ids: Collection[int]) -> Mapping[int, Outgoing]:
        """Return outbox rows by id."""
        query = select(Outgoing).where(Outgoing.id.in_(ids))
        return {row.id: row for row in await self._database.run(lambda session: session.scalars(query).all())}

    async def deliveries(self, id_: int) -> list[AlertDelivery]:
        return await self._database.run(_deliveries, id_)

    async def names(self, station: str) -> Mapping[str, str]:
        """Return the name in the newest incident of each subject that ever had one."""
        newest = select(func.max(Incident.id)).where(Incident.station == station).group_by(Incident.subject)
        return {incident.subject: name_of(incident) for incident in await self._incidents(Incident.id.in_(newest))}

    async def monitored_since(self, station: str, now: datetime) -> datetime | None:
        """Return the earliest record of monitoring at the station, not before the retention limit; None if there is
        none."""
        queries = (
            select(func.min(WatchState.updated_at)).where(WatchState.station == station),
            select(func.min(Incident.opened_at)).where(Incident.station == station),
            select(func.min(AuditEntry.at)).where(AuditEntry.station == station),
        )
        found = await self._database.run(lambda session: [session.scalar(query) for query in queries])
        first = min((moment for moment in found if moment is not None), default=None)
        return max(first, now - self._retention) if first is not None and self._retention is not None else first

    async def _incidents(self, *clauses: ColumnElement[bool], limit: int | None = None) -> Sequence[Incident]:
        query = select(Incident).where(*clauses).order_by(Incident.began_at.desc(), Incident.id.desc()).limit(limit)
        return await self._database.run(lambda session: session.scalars(query).all())


def open_in(session: Session, station: str) -> list[Incident]:
    """Return the open incidents of a station, oldest first."""
    found = session.execute(
        select(Incident)
        .where(Incident.station == station, Incident.open_key.is_not(None))
        .order_by(Incident.began_at, Incident.id)
    )
    return list(found.scalars())


def open_at_all(session: Session) -> list[Incident]:
    """Return the open incidents of all stations, oldest first."""
    found = session.execute(
        select(Incident).where(Incident.open_key.is_not(None)).order_by(Incident.began_at, Incident.id)
    )
    return list(found.scalars())


def stations_with_open(session: Session) -> set[str]:
    return set(session.execute(_WITH_OPEN).scalars())


def stations_with_due(session: Session, now: datetime) -> set[str]:
    """Return the stations with an incident step or warning due by now."""
    return set(session.execute(_WITH_DUE, {"now": now}).scalars())


def _deliveries(session: Session, incident_id: int) -> list[AlertDelivery]:
    of_incident = select(AlertMessageIncident.card_id).where(AlertMessageIncident.incident_id == incident_id)
    alert_messages = session.scalars(
        select(AlertMessage).where(AlertMessage.id.in_(of_incident)).order_by(AlertMessage.id)
    ).all()
    messages = [alert_message.message for alert_message in alert_messages]
    rows = session.scalars(
        select(Outgoing).where(or_(Outgoing.id.in_(messages), Outgoing.about.in_(messages))).order_by(Outgoing.id)
    ).all()
    return [
        AlertDelivery(alert_message, tuple(row for row in rows if alert_message.message in (row.id, row.about)))
        for alert_message in alert_messages
    ]


def name_of(incident: Incident) -> str:
    """Return the subject's name from the incident's own facts, since the PBX may be unreachable."""
    facts = incident.facts
    name = facts.get("trunk") or " ".join(str(facts[key]) for key in ("extension", "name") if facts.get(key))
    return str(name or incident.subject.rpartition(":")[2] or incident.station)


def _overlapping(
    station: str, begin: datetime, end: datetime, subject: str | None = None
) -> tuple[ColumnElement[bool], ...]:
    clauses: tuple[ColumnElement[bool], ...] = (
        Incident.station == station,
        Incident.began_at < end,
        or_(Incident.ended_at.is_(None), Incident.ended_at > begin),
    )
    return clauses if subject is None else (*clauses, Incident.subject == subject)

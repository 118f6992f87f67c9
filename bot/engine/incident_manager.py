"""Store states, incidents, timelines and queued notifications in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from bot.engine.incident_lifecycle import IncidentLifecycle
from bot.engine.last_seen import LastSeenWriter
from bot.incidents.drill_end import drill_over
from bot.incidents.model import End, Kind, StateChange
from bot.notifications.notifier import Notifier
from bot.runtime import metrics
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.stations import incident_updates, states, timeline
from bot.store.tables.incidents import Incident

log = structlog.get_logger(__name__)

# Limit of incidents in one transaction, which bounds how long it blocks other writers.
BATCH_SIZE = 50
RETRY_AFTER = timedelta(minutes=1)
State = dict[str, Any]


class AckResult(StrEnum):
    ACKNOWLEDGED = "taken"
    ALREADY = "already taken"
    RESOLVED = "already over"
    UNKNOWN = "unknown"


class IncidentManager:
    """Incident manager of one station. Each operation is a transaction; `wake` wakes the delivery worker after its
    commit."""

    def __init__(
        self, database: Database, station: str, notifier: Notifier, wake: Signal, last_seen: LastSeenWriter
    ) -> None:
        self._database = database
        self._station = station
        self._notifier = notifier
        self._lifecycle = IncidentLifecycle(station, notifier)
        self._wake = wake
        self._last_seen = last_seen

    async def load_states(self) -> dict[str, State]:
        """Load stored states by subject."""
        return await self._database.run_queued(self._load_states)

    def touch(self, subject: str, state: State, now: datetime) -> None:
        """Defer the write of a state in which only the last-seen time has changed."""
        self._last_seen.enqueue(self._station, subject, state, now)

    async def record(
        self, changed: Mapping[str, State | None], state_changes: Sequence[StateChange], now: datetime
    ) -> None:
        """Store states and changes in one transaction, queued behind those of other stations; None deletes a state."""
        if not changed and not state_changes:
            return
        for subject in changed:
            self._last_seen.discard(self._station, subject)
        await self._database.run_queued(self._record, changed, state_changes, now)
        if state_changes:
            self._wake.send()

    async def tick(self, now: datetime) -> bool:
        """Run due steps, each missed one once; return True if there was any."""
        is_any_due = await self._database.run(self._run_all_due, now)
        if is_any_due:
            self._wake.send()
        return is_any_due

    async def reconsider(self, now: datetime) -> None:
        """Re-evaluate suppression: a silence or an inhibiting incident has begun or ended."""
        await self._database.run(self._reconsider, now)
        self._wake.send()

    async def close_all(self, now: datetime) -> int:
        """Close all incidents of a station no longer monitored and delete its states; return the number closed."""
        closed = await self._database.run(self._close_all, now)
        self._wake.send()
        return closed

    async def open_count(self) -> int:
        """Return the number of open incidents, drills excluded."""
        return await self._database.run(incident_updates.open_count, self._station)

    async def acknowledge(self, incident_id: int, person_id: int, person_name: str, now: datetime) -> AckResult:
        """Acknowledge; the first person wins, and all alert messages are updated with name and time."""
        result = await self._database.run(self._acknowledge, incident_id, person_id, person_name, now)
        if result is AckResult.ACKNOWLEDGED:
            self._wake.send()
        return result

    async def acknowledge_all(self, alert_message_id: int, person_id: int, person_name: str, now: datetime) -> int:
        """Acknowledge all open incidents of an alert message, each in a transaction of its own; return the number
        acknowledged."""
        ids = await self._database.run(self._notifier.unacknowledged_on, alert_message_id, self._station)
        results = [await self.acknowledge(number, person_id, person_name, now) for number in ids]
        return results.count(AckResult.ACKNOWLEDGED)

    async def reassign(self, incident_id: int, to: int, by: str, now: datetime) -> AckResult:
        """Reassign to another person, with a private notification. Escalation continues until they acknowledge."""
        result = await self._database.run(self._reassign, incident_id, to, by, now)
        if result is AckResult.ACKNOWLEDGED:
            self._wake.send()
        return result

    def _load_states(self, session: Session) -> dict[str, State]:
        self._measure(session)
        return states.load(session, self._station)

    def _record(
        self,
        session: Session,
        changed: Mapping[str, State | None],
        state_changes: Sequence[StateChange],
        now: datetime,
    ) -> None:
        states.save(session, self._station, changed, now)
        for one in state_changes:
            self._lifecycle.handle(session, one, now)
        if state_changes:
            self._measure(session)

    def _measure(self, session: Session) -> None:
        metrics.INCIDENTS.labels(self._station).set(incident_updates.open_count(session, self._station))

    def _run_all_due(self, session: Session, now: datetime) -> bool:
        incidents = incident_updates.due(session, self._station, now, BATCH_SIZE)
        for incident in incidents:
            self._run_or_postpone(session, incident, now)
        return bool(incidents)

    def _run_or_postpone(self, session: Session, incident: Incident, now: datetime) -> None:
        """Run one incident in a savepoint; an error postpones it for a retry, so that it blocks no others."""
        number = incident.id
        try:
            with incident_updates.savepoint(session):
                if incident_updates.claim(session, incident):
                    self._run_due(session, incident, now)
        except Exception:
            log.exception("incident step failed, retried later", incident=number)
            incident_updates.postpone(session, number, now, now + RETRY_AFTER)

    def _run_due(self, session: Session, incident: Incident, now: datetime) -> None:
        if incident.kind == Kind.REHEARSAL and (over := drill_over(incident, now)) is not None:
            self._lifecycle.resolve(session, incident, str(over.reason), over.ended_at, now)
            return
        if incident.warn_at is not None and incident.warn_at <= now:
            incident.warn_at = None
            self._notifier.warn_of_retries_end(session, incident, now)
        if incident.due_at is not None and incident.due_at <= now:
            self._notifier.run_due_step(session, incident, now)

    def _reconsider(self, session: Session, now: datetime) -> None:
        incident_updates.make_suppressed_due(session, self._station, now)
        for incident in incident_updates.all_open(session, self._station):
            self._notifier.reconsider(session, incident, now)

    def _close_all(self, session: Session, now: datetime) -> int:
        states.delete_of(session, self._station)
        open_incidents = incident_updates.all_open(session, self._station)
        for incident in open_incidents:
            self._lifecycle.resolve(session, incident, str(End.UNWATCHED), now, now)
        return len(open_incidents)

    def _acknowledge(
        self, session: Session, incident_id: int, person_id: int, person_name: str, now: datetime
    ) -> AckResult:
        incident = incident_updates.acknowledge(session, self._station, incident_id, person_id, person_name, now)
        if incident is None:
            return _refusal(incident_updates.find(session, incident_id))
        timeline.record(session, incident, "taken", now, by=person_name[:128], by_id=person_id)
        self._notifier.on_acknowledged(session, incident, now)
        return AckResult.ACKNOWLEDGED

    def _reassign(self, session: Session, incident_id: int, to: int, by: str, now: datetime) -> AckResult:
        incident = incident_updates.find(session, incident_id)
        if incident is None or incident.station != self._station:
            return AckResult.UNKNOWN
        if incident.open_key is None:
            return AckResult.RESOLVED
        incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_by_id = None
        incident.version += 1
        self._notifier.on_reassigned(session, incident, to, by, now)
        return AckResult.ACKNOWLEDGED


async def stations_with_leftovers(database: Database) -> Sequence[str]:
    """Return the stations with open incidents or stored states."""
    return await database.run(states.stations_with_data)


async def load_all_states(database: Database) -> dict[str, dict[str, State]]:
    """Load the states of all stations by station and subject, in one query."""
    for station, count in (await database.run(incident_updates.open_counts)).items():
        metrics.INCIDENTS.labels(station).set(count)
    return await database.run(states.load_all)


def _refusal(incident: Incident | None) -> AckResult:
    if incident is None:
        return AckResult.UNKNOWN
    return AckResult.ALREADY if incident.open_key is not None else AckResult.RESOLVED

"""Open, change and resolve incidents; record each step in the timeline and pass it to the notifier."""

from datetime import datetime
from typing import Any

from bot.detection import trunk_cause
from bot.incidents.model import (
    STATION,
    AddressBlocked,
    Changed,
    Downgraded,
    End,
    Kind,
    MonitoringGap,
    Opened,
    OutageWhileAway,
    Resolved,
    StateChange,
    SwitchedOff,
    TrunkGone,
    Unreported,
    Upgraded,
)
from bot.notifications.notifier import Notifier
from bot.store.database import Session
from bot.store.stations import incident_updates, timeline
from bot.store.tables.incidents import Incident


class IncidentLifecycle:
    """Incident lifecycle of one station. Methods use the caller's session and do not commit."""

    def __init__(self, station: str, notifier: Notifier) -> None:
        self._station = station
        self._notifier = notifier

    def handle(self, session: Session, change: StateChange, now: datetime) -> None:
        if isinstance(change.transition, SwitchedOff | Unreported | AddressBlocked | TrunkGone | MonitoringGap):
            self._note(session, change, now)
            return
        incident = self._open_incident(session, change.subject)
        if incident is not None:
            incident.version += 1
        match change.transition:
            case Opened(kind, began_at):
                if incident is None:
                    incident = self._open(session, change, kind, began_at, now)
                    self._notifier.run_due_step(session, incident, now)
            case Upgraded(kind, began_at) if incident is not None:
                self._upgrade(session, incident, kind, change.facts, began_at, now)
            case Downgraded(kind) if incident is not None:
                incident.kind, incident.facts, incident.due_at = kind, incident.facts | change.facts, None
                _schedule_retries_end_warning(incident, now)
                timeline.record(session, incident, "eased", now, kind=str(kind))
                self._notifier.on_changed(session, incident, now)
            case Changed() if incident is not None:
                self._change(session, incident, change.facts, now)
            case Resolved(reason, ended_at, calls_out_pending=pending) if incident is not None:
                incident.facts = incident.facts | {"calls_out_pending": pending}
                self.resolve(session, incident, str(reason), ended_at, now)
            case OutageWhileAway(began_at, ended_at) if incident is None:
                self._record_past_outage(session, change, began_at, ended_at, now)

    def _note(self, session: Session, change: StateChange, now: datetime) -> None:
        """Send a silent notification for a change that is no incident."""
        facts = change.facts | {"station": self._station}
        match change.transition:
            case MonitoringGap():
                self._notifier.on_monitoring_gap(session, facts, now)
            case AddressBlocked(until):
                self._notifier.send_note(session, "note_shut_out", facts | {"until": until.isoformat()}, now)
            case Unreported():
                self._notifier.send_note(session, "note_not_told", facts, now)
            case TrunkGone():
                self._notifier.send_note(session, "note_gone", facts, now)
            case _:
                self._notifier.send_note(session, "note_switched_off", facts, now)

    def _open(self, session: Session, change: StateChange, kind: Kind, began_at: datetime, now: datetime) -> Incident:
        incident = Incident(
            station=self._station,
            subject=change.subject,
            open_key=incident_updates.open_key(self._station, change.subject),
            kind=kind,
            facts=change.facts,
            began_at=began_at,
            opened_at=now,
            step=0,
            held_by="",
            version=0,
        )
        _schedule_retries_end_warning(incident, now)
        incident_updates.add(session, incident)
        named_facts = {name: change.facts[name] for name in ("cause", "trouble", "row") if name in change.facts}
        timeline.record(session, incident, "opened", began_at, noted_at=now, kind=str(kind), **named_facts)
        return incident

    def _record_past_outage(
        self, session: Session, change: StateChange, began_at: datetime, ended_at: datetime, now: datetime
    ) -> None:
        """Store a past outage in the history, without a notification."""
        incident = Incident(
            station=self._station,
            subject=change.subject,
            kind=Kind.TRUNK_DOWN,
            facts=change.facts,
            began_at=began_at,
            opened_at=now,
            ended_at=ended_at,
            end_reason=End.RECOVERED,
            step=0,
            held_by="",
            version=0,
        )
        incident_updates.add(session, incident)
        timeline.record(session, incident, "opened", began_at, noted_at=now, kind=str(Kind.TRUNK_DOWN), cause=None)
        timeline.record(session, incident, "ended", ended_at, noted_at=now, reason=str(End.RECOVERED))

    def _upgrade(
        self,
        session: Session,
        incident: Incident,
        kind: Kind,
        facts: dict[str, Any],
        began_at: datetime,
        now: datetime,
    ) -> None:
        """Change the incident to a worse kind and notify again; an acknowledgement does not carry over."""
        incident.kind, incident.facts = kind, incident.facts | facts
        incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_by_id = None
        timeline.record(session, incident, "worsened", began_at, noted_at=now, kind=str(kind), cause=facts.get("cause"))
        _schedule_retries_end_warning(incident, now)
        self._notifier.on_upgraded(session, incident, now)

    def _change(self, session: Session, incident: Incident, facts: dict[str, Any], now: datetime) -> None:
        before, incident.facts = incident.facts, incident.facts | facts
        if facts.get("cause") != before.get("cause"):
            timeline.record(session, incident, "cause", now, cause=facts.get("cause"))
        elif facts.get("trouble") != before.get("trouble"):
            timeline.record(session, incident, "changed", now, trouble=facts.get("trouble"), row=facts.get("row"))
        elif incident.kind == Kind.TRUNK_FLAPPING:
            timeline.record(session, incident, "changed", now, flaps=facts.get("flaps"))
        if facts.get("gives_up_at") != before.get("gives_up_at"):
            _schedule_retries_end_warning(incident, now)
        self._notifier.on_changed(session, incident, now)

    def resolve(self, session: Session, incident: Incident, reason: str, ended_at: datetime, now: datetime) -> None:
        incident.open_key, incident.ended_at, incident.end_reason = None, ended_at, reason
        incident.due_at = incident.warn_at = None
        timeline.record(session, incident, "ended", ended_at, noted_at=now, reason=reason)
        self._notifier.on_resolved(session, incident, now)
        if incident.subject == STATION:
            for held in incident_updates.all_open(session, self._station):
                if held.held_by == "station":
                    held.due_at = now

    def _open_incident(self, session: Session, subject: str) -> Incident | None:
        return incident_updates.find_open(session, self._station, subject)


def _schedule_retries_end_warning(incident: Incident, now: datetime) -> None:
    """Set when to warn that the PBX stops registration retries; a new cause can move it."""
    written = incident.facts.get("gives_up_at")
    if written is None or incident.kind != Kind.TRUNK_DOWN:
        incident.warn_at = None
        return
    warn_at = datetime.fromisoformat(written) - trunk_cause.WARN_BEFORE
    # Within WARN_BEFORE the alert itself carries the warning.
    incident.warn_at = warn_at if warn_at > now else None

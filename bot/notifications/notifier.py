"""Notifier of incidents: the next notification, its suppression, and the alert messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.access.policy import EVERY_STATION, Destination
from bot.detection.correlation import ActiveCauses, CommonCause, inhibitor_of, inhibitor_of_station, inhibitor_of_trunk
from bot.incidents import silence_store
from bot.incidents.common_findings import CommonFinding, CommonFindings
from bot.incidents.drill_end import drill_due
from bot.incidents.model import STATION, is_of_trunk, is_only_for_admins, kind_info
from bot.incidents.silence import ends, silence_of
from bot.notifications import change_notices, escalation, notified_people
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.destinations import Destinations
from bot.notifications.escalation import Action, EscalationPolicy, EscalationState, Suppression
from bot.notifications.incident_notices import IncidentNotices
from bot.notifications.recipients import OnCallResolver, OnCallTargets
from bot.runtime.clock import Zone
from bot.store.database import Session
from bot.store.messages import alert_messages
from bot.store.messages.outbox import Urgency
from bot.store.stations import incident_updates, timeline
from bot.store.tables.incidents import Incident


class Notifier:
    """Notifier of one station. Methods use the caller's session and do not commit. `causes` are the common causes that
    affect many stations of the fleet now, `findings` what many show: the fleet is notified of each once, and not again
    of every station."""

    def __init__(
        self,
        *,
        station: str,
        alerts: AlertMessages,
        people: OnCallResolver,
        destinations: Destinations,
        zone: Zone,
        policy: EscalationPolicy,
        causes: ActiveCauses | None = None,
        findings: CommonFindings | None = None,
    ) -> None:
        self._station = station
        self._alert_messages = alerts
        self._on_call = people
        self._destinations = destinations
        self._policy = policy
        self.notices = IncidentNotices(alerts, people, zone)
        self._causes = causes or ActiveCauses()
        self._findings = findings or CommonFindings()

    def run_due_step(self, session: Session, incident: Incident, now: datetime) -> None:
        """Run the step of an incident that is due, unless it is suppressed."""
        suppression = self._suppression(session, incident, now)
        state = EscalationState(
            outage=kind_info(incident.kind).outage and not self._inhibited_by(session, incident),
            step=incident.step,
            acknowledged=incident.acknowledged_at is not None,
            suppressed=bool(incident.held_by),
            next_step=notified_people.next_step(incident.facts),
        )
        due_step = escalation.next_step(state, suppression, now, self._policy)
        if suppression is not None:
            self._suppress(session, incident, suppression, now)
            return
        if incident.held_by:
            incident.held_by = ""
            timeline.record(session, incident, "released", now)
        incident.step = due_step.step
        self._schedule_step(incident, due_step.due)
        match due_step.action:
            case Action.NOTIFY:
                self._notify(session, incident, now)
            case Action.PAGE_AGAIN:
                self.notices.page_again(session, incident, now, self._policy.page_again_every)
            case Action.ESCALATE:
                self._escalate(session, incident, now)
            case Action.REMIND:
                self._remind(session, incident, now)
            case Action.WAIT:
                self._alert_messages.refresh(session, incident, now)
        self._schedule_next_action(incident, now)

    def _schedule_step(self, incident: Incident, when: datetime | None) -> None:
        """Set the time of the next escalation step."""
        incident.due_at = when
        incident.facts = incident.facts | notified_people.due_at(when, shown=incident.step < escalation.EVERYBODY)

    def _schedule_next_action(self, incident: Incident, now: datetime) -> None:
        paged = bool(notified_people.paged_last(incident.facts))
        due = self._policy.next_action_at(incident.step, notified_people.next_step(incident.facts), now, paged=paged)
        incident.due_at = drill_due(incident, due)

    def expedite(self, incident: Incident, now: datetime) -> bool:
        """Make the next step due at once. Return False when no person is left to notify."""
        waits = incident.due_at is not None and incident.acknowledged_at is None and not incident.held_by
        if not waits or incident.step >= escalation.EVERYBODY:
            return False
        self._schedule_step(incident, now)
        return True

    def reconsider(self, session: Session, incident: Incident, now: datetime) -> None:
        """Suppress the incident at once when a silence or a common cause applies now; notify the fleet when the common
        cause it was left to is over."""
        if (suppression := self._suppression(session, incident, now)) is not None:
            self._suppress(session, incident, suppression, now)
        elif incident.facts.get("left_to") and self._common_cause(incident) is None:
            self._notify_fleet(session, incident, now)

    def on_acknowledged(self, session: Session, incident: Incident, now: datetime) -> None:
        incident.due_at = now if kind_info(incident.kind).drill else None
        # Ahead of answers in the queue: the others must see that it is acknowledged.
        self._alert_messages.refresh(session, incident, now, Urgency.RESOLVE)

    def unacknowledged_on(self, session: Session, alert_message_id: int, station: str) -> Sequence[int]:
        return alert_messages.unacknowledged(session, alert_message_id, station)

    def on_reassigned(self, session: Session, incident: Incident, to: int, by: str, now: datetime) -> None:
        names = self._on_call.names(session, [to])
        incident.facts = incident.facts | notified_people.reassign(to, names[to], by)
        self._schedule_step(incident, now + self._policy.escalate_after)
        self._schedule_next_action(incident, now)
        timeline.record(session, incident, "handed_over", now, by=by, to=names[to], ids=[to])
        self._alert_messages.refresh(session, incident, now)
        self.notices.page(session, incident, OnCallTargets((to,)), now)

    def on_changed(self, session: Session, incident: Incident, now: datetime) -> None:
        self._alert_messages.refresh(session, incident, now)

    def on_upgraded(self, session: Session, incident: Incident, now: datetime) -> None:
        """Escalate again from the first step; until then, or while suppressed, the existing alert messages show the new
        kind."""
        incident.step, incident.facts = 0, incident.facts | notified_people.reset()
        self._alert_messages.refresh(session, incident, now)
        self.run_due_step(session, incident, now)

    def on_resolved(self, session: Session, incident: Incident, now: datetime) -> None:
        """Queue the notification of the end for everybody notified of the incident, suppressed or not."""
        silence_store.end_until_recovery(session, self._station, incident.subject, now)
        self._alert_messages.resolve(session, incident, now)

    def warn_of_retries_end(self, session: Session, incident: Incident, now: datetime) -> None:
        """Warn before the registration retries end: then the trunk stays down for good."""
        if incident.held_by:
            return
        self.notices.resend_all(session, incident, now, "cliff", gives_up_at=incident.facts.get("gives_up_at"))

    def send_note(self, session: Session, template: str, facts: dict[str, Any], now: datetime) -> None:
        """Queue a silent notification to the alert chats about a change that is no incident."""
        for to in self._destinations.reachable(session, now):
            change_notices.enqueue(session, to, template, facts, now)

    def on_monitoring_gap(self, session: Session, facts: dict[str, Any], now: datetime) -> None:
        """Queue the notification unless only our own internet hid the station and no outage was missed."""
        if facts["outages"] or not inhibitor_of(self._causes.now, self._station):
            self.send_note(session, "note_blind", facts, now)

    def _suppression(self, session: Session, incident: Incident, now: datetime) -> Suppression | None:
        """Return the suppression that applies: an incident of the whole station, our own internet, or a silence."""
        if kind_info(incident.kind).drill:
            return None
        if is_of_trunk(incident.subject) and incident_updates.is_open(session, self._station, STATION):
            return Suppression("station")
        if inhibitor_of_station(self._causes.now, self._station, incident.kind, incident.facts):
            return Suppression("internet")
        silence = silence_of(silence_store.current_in(session, self._station), incident.subject, now)
        if silence is None:
            return None
        everywhere = silence.station != self._station
        return Suppression(silence.kind, ends(silence, now), silence.by_name, silence.reason, everywhere)

    def _suppress(self, session: Session, incident: Incident, suppression: Suppression, now: datetime) -> None:
        incident.due_at = suppression.until
        until = suppression.until.isoformat() if suppression.until else None
        shown: dict[str, Any] = {
            "rule": suppression.rule,
            "until": until,
            "by": suppression.by,
            "reason": suppression.reason,
        }
        if suppression.everywhere:
            shown["everywhere"] = True
        if incident.held_by == suppression.rule and incident.facts.get("hold") == shown:
            return
        incident.held_by = suppression.rule
        incident.facts = incident.facts | {"hold": shown}
        timeline.record(session, incident, "held", now, **shown)
        self._alert_messages.refresh(session, incident, now)

    def _notify(self, session: Session, incident: Incident, now: datetime) -> None:
        if is_only_for_admins(incident.facts):
            told_by_fleet = self._common_cause(incident) is not None
            for person in self._destinations.admins(session, now, own=told_by_fleet):
                self.notices.show(session, incident, Destination(person), now, as_new=True)
            return
        cause = self._common_cause(incident)
        if cause is not None:
            timeline.record(session, incident, "left_to_fleet", now, to=cause.host)
        if cause is not None or "left_to" in incident.facts:
            incident.facts = incident.facts | {"left_to": cause.subject if cause else None}
        left = self._inhibited_by(session, incident)
        targets = OnCallTargets(()) if left else self._on_call.next(session, now, ())
        incident.facts = incident.facts | notified_people.reset()
        self._record_targets(session, incident, targets)
        reachable_chats = self._destinations.reachable(session, now, own=cause is not None)
        for to in reachable_chats:
            self.notices.show(session, incident, to, now, as_new=True)
        self.notices.page(session, incident, targets, now, [to.chat for to in reachable_chats], as_new=True)

    def _notify_fleet(self, session: Session, incident: Incident, now: datetime) -> None:
        """Notify the chats and people of the fleet of an incident that outlasts the common cause it was left to."""
        incident.facts = incident.facts | {"left_to": None}
        targets = OnCallTargets(())
        if kind_info(incident.kind).outage and incident.acknowledged_at is None and not self._on_call.has_own(session):
            incident.step = escalation.FIRST
            self._schedule_step(incident, now + self._policy.escalate_after)
            targets = self._on_call.next(session, now, notified_people.already_tried(incident.facts))
            self._record_targets(session, incident, targets)
            self._schedule_next_action(incident, now)
        self._alert_messages.refresh(session, incident, now)
        notified = self._show_where_missing(session, incident, now)
        self.notices.page(session, incident, targets, now, notified)

    def _show_where_missing(self, session: Session, incident: Incident, now: datetime) -> list[int]:
        """Show it in every alert chat, or to the people that replace one; return the chats that did not have it."""
        is_common = self._common_cause(incident) is not None
        notified = {
            (alert_message.chat_id, alert_message.thread_id)
            for alert_message in self._alert_messages.open_for(session, incident)
        }
        reachable_chats = self._destinations.reachable(session, now, own=is_common)
        missing = [to for to in reachable_chats if to not in notified]
        for to in missing:
            self.notices.show(session, incident, to, now)
        return [to.chat for to in missing]

    def _common_cause(self, incident: Incident) -> CommonCause | CommonFinding | None:
        """Return what the fleet is told of once, in place of this incident."""
        if self._station == EVERY_STATION:
            return None
        if (finding := self._findings.of(self._station, incident.subject, incident.opened_at)) is not None:
            return finding
        return inhibitor_of_trunk(self._causes.now, self._station, incident.kind, incident.facts)

    def _inhibited_by(self, session: Session, incident: Incident) -> bool:
        """Return True when the people on call are those of the fleet, which its own incident notifies."""
        return self._common_cause(incident) is not None and not self._on_call.has_own(session)

    def _escalate(self, session: Session, incident: Incident, now: datetime) -> None:
        targets = self._on_call.next(session, now, notified_people.already_tried(incident.facts))
        if incident.step >= escalation.EVERYBODY or not targets.people:
            incident.step = escalation.EVERYBODY
            self._schedule_step(incident, now + self._policy.remind_every)
            targets = self._not_yet_paged(session, incident, now)
        self._page_others(session, incident, targets, now)
        if not notified_people.paged_so_far(incident.facts):
            # No person was notified in private, so the chats are notified again.
            self.notices.resend_all(session, incident, now, "reminded")

    def _remind(self, session: Session, incident: Incident, now: datetime) -> None:
        """Notify all again, and the people that have become reachable since."""
        if incident.step > escalation.EVERYBODY and (late := self._not_yet_paged(session, incident, now)).people:
            self._page_others(session, incident, late, now)
        self.notices.resend_all(session, incident, now, "reminded")
        self._show_where_missing(session, incident, now)

    def _not_yet_paged(self, session: Session, incident: Incident, now: datetime) -> OnCallTargets:
        passed = notified_people.already_tried(incident.facts)
        everybody = self._on_call.everybody(session, now)
        return OnCallTargets(
            tuple(one for one in everybody.people if one not in passed),
            tuple(one for one in everybody.skipped if one not in passed),
        )

    def _page_others(self, session: Session, incident: Incident, targets: OnCallTargets, now: datetime) -> None:
        names = self._on_call.names(session, targets.people)
        timeline.record(
            session, incident, "escalated", now, step=incident.step, people=list(names.values()), ids=list(names)
        )
        self._record_targets(session, incident, targets)
        self._alert_messages.refresh(session, incident, now)
        self.notices.page(session, incident, targets, now)

    def _record_targets(self, session: Session, incident: Incident, targets: OnCallTargets) -> None:
        """Record the people notified now, for the alert messages."""
        names = self._on_call.names(session, (*targets.people, *targets.skipped))
        incident.facts = incident.facts | notified_people.add_targets(
            incident.facts,
            {one: names[one] for one in targets.people},
            {one: names[one] for one in targets.skipped},
        )

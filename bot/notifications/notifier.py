"""Notifier of incidents: the next notification, its suppression, and the alert messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.detection.correlation import ActiveCauses, CommonCause, inhibitor_of, inhibitor_of_station, inhibitor_of_trunk
from bot.incidents import silence_store
from bot.incidents.model import STATION, drill_due, is_of_trunk, kind_info
from bot.incidents.silence import ends, holding
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
    affect many stations of the fleet now: the fleet is notified of each once, and not again of every station."""

    def __init__(
        self,
        *,
        station: str,
        cards: AlertMessages,
        people: OnCallResolver,
        destinations: Destinations,
        zone: Zone,
        plan: EscalationPolicy,
        causes: ActiveCauses | None = None,
    ) -> None:
        self._station = station
        self._alert_messages = cards
        self._people = people
        self._destinations = destinations
        self._plan = plan
        self.pages = IncidentNotices(cards, people, zone)
        self._causes = causes or ActiveCauses()

    async def run_due_step(self, session: Session, incident: Incident, now: datetime) -> None:
        """Run the step of an incident that is due, unless it is suppressed."""
        hold = await self._suppression(session, incident, now)
        standing = EscalationState(
            outage=kind_info(incident.kind).outage and not await self._inhibited_by(session, incident),
            step=incident.step,
            acknowledged=incident.acknowledged_at is not None,
            held=bool(incident.held_by),
            next_step=notified_people.next_step(incident.facts),
        )
        move = escalation.next_step(standing, hold, now, self._plan)
        if hold is not None:
            await self._suppress(session, incident, hold, now)
            return
        if incident.held_by:
            incident.held_by = ""
            timeline.record(session, incident, "released", now)
        incident.step = move.step
        self._next_step_at(incident, move.due)
        match move.deed:
            case Action.TELL:
                await self._notify(session, incident, now)
            case Action.PAGE_AGAIN:
                await self.pages.page_again(session, incident, now, self._plan.page_again_every)
            case Action.ESCALATE:
                await self._escalate(session, incident, now)
            case Action.REMIND:
                await self._remind(session, incident, now)
            case Action.REST:
                await self._alert_messages.refresh(session, incident, now)
        self._look_again(incident, now)

    def _next_step_at(self, incident: Incident, when: datetime | None) -> None:
        """Set the time of the next escalation step."""
        incident.due_at = when
        incident.facts = incident.facts | notified_people.due_at(when, shown=incident.step < escalation.EVERYBODY)

    def _look_again(self, incident: Incident, now: datetime) -> None:
        paged = bool(notified_people.paged(incident.facts))
        due = self._plan.look_again(incident.step, notified_people.next_step(incident.facts), now, paged=paged)
        incident.due_at = drill_due(incident, due)

    def pass_on(self, incident: Incident, now: datetime) -> bool:
        """Make the next step due at once. Return False when no person is left to notify."""
        waits = incident.due_at is not None and incident.acknowledged_at is None and not incident.held_by
        if not waits or incident.step >= escalation.EVERYBODY:
            return False
        self._next_step_at(incident, now)
        return True

    async def reconsider(self, session: Session, incident: Incident, now: datetime) -> None:
        """Suppress the incident at once when a silence or a common cause applies now; notify the fleet when the common
        cause it was left to is over."""
        if (hold := await self._suppression(session, incident, now)) is not None:
            await self._suppress(session, incident, hold, now)
        elif incident.facts.get("left_to") and self._common(incident) is None:
            await self._notify_fleet(session, incident, now)

    async def acknowledged(self, session: Session, incident: Incident, now: datetime) -> None:
        incident.due_at = now if kind_info(incident.kind).drill else None
        # Ahead of answers in the queue: the others must see that it is acknowledged.
        await self._alert_messages.refresh(session, incident, now, Urgency.RESOLVE)

    async def unacknowledged_on(self, session: Session, card_id: int, station: str) -> Sequence[int]:
        return await alert_messages.unacknowledged(session, card_id, station)

    async def handed_over(self, session: Session, incident: Incident, to: int, by: str, now: datetime) -> None:
        names = await self._people.names(session, [to])
        incident.facts = incident.facts | notified_people.handed(to, names[to], by)
        self._next_step_at(incident, now + self._plan.escalate_after)
        self._look_again(incident, now)
        timeline.record(session, incident, "handed_over", now, by=by, to=names[to], ids=[to])
        await self._alert_messages.refresh(session, incident, now)
        await self.pages.ask(session, incident, OnCallTargets((to,)), now)

    async def changed(self, session: Session, incident: Incident, now: datetime) -> None:
        await self._alert_messages.refresh(session, incident, now)

    async def worsened(self, session: Session, incident: Incident, now: datetime) -> None:
        """Escalate again from the first step; until then, or while suppressed, the existing alert messages show the new
        kind."""
        incident.step, incident.facts = 0, incident.facts | notified_people.nobody_yet()
        await self._alert_messages.refresh(session, incident, now)
        await self.run_due_step(session, incident, now)

    async def ended(self, session: Session, incident: Incident, now: datetime) -> None:
        """Queue the notification of the end for everybody notified of the incident, suppressed or not."""
        await silence_store.end_until_recovery(session, self._station, incident.subject, now)
        await self._alert_messages.end(session, incident, now)

    async def retries_end_warning(self, session: Session, incident: Incident, now: datetime) -> None:
        """Warn before the registration retries end: then the trunk stays down for good."""
        if incident.held_by:
            return
        await self.pages.say_again(session, incident, now, "cliff", gives_up_at=incident.facts.get("gives_up_at"))

    async def note(self, session: Session, template: str, facts: dict[str, Any], now: datetime) -> None:
        """Queue a silent notification to the alert chats about a change that is no incident."""
        for to in await self._destinations.reachable(session, now):
            await change_notices.owe(session, to, template, facts, now)

    async def monitoring_gap(self, session: Session, facts: dict[str, Any], now: datetime) -> None:
        """Queue the notification unless only our own internet hid the station and no outage was missed."""
        if facts["outages"] or not inhibitor_of(self._causes.now, self._station):
            await self.note(session, "note_blind", facts, now)

    async def _suppression(self, session: Session, incident: Incident, now: datetime) -> Suppression | None:
        """Return the suppression that applies: an incident of the whole station, our own internet, or a silence."""
        if kind_info(incident.kind).drill:
            return None
        if is_of_trunk(incident.subject) and await incident_updates.is_open(session, self._station, STATION):
            return Suppression("station")
        if inhibitor_of_station(self._causes.now, self._station, incident.kind, incident.facts):
            return Suppression("internet")
        silence = holding(await silence_store.current_in(session, self._station), incident.subject, now)
        if silence is None:
            return None
        everywhere = silence.station != self._station
        return Suppression(silence.kind, ends(silence, now), silence.by_name, silence.reason, everywhere)

    async def _suppress(self, session: Session, incident: Incident, hold: Suppression, now: datetime) -> None:
        incident.due_at = hold.until
        until = hold.until.isoformat() if hold.until else None
        shown: dict[str, Any] = {"rule": hold.rule, "until": until, "by": hold.by, "reason": hold.reason}
        if hold.everywhere:
            shown["everywhere"] = True
        if incident.held_by == hold.rule and incident.facts.get("hold") == shown:
            return
        incident.held_by = hold.rule
        incident.facts = incident.facts | {"hold": shown}
        timeline.record(session, incident, "held", now, **shown)
        await self._alert_messages.refresh(session, incident, now)

    async def _notify(self, session: Session, incident: Incident, now: datetime) -> None:
        common = self._common(incident)
        if common is not None:
            timeline.record(session, incident, "left_to_fleet", now, to=common.host)
        if common is not None or "left_to" in incident.facts:
            incident.facts = incident.facts | {"left_to": common.subject if common else None}
        left = await self._inhibited_by(session, incident)
        called = OnCallTargets(()) if left else await self._people.next(session, now, ())
        incident.facts = incident.facts | notified_people.nobody_yet()
        await self._asks(session, incident, called)
        taking = await self._destinations.reachable(session, now, own=common is not None)
        for to in taking:
            await self.pages.show(session, incident, to, now, anew=True)
        await self.pages.ask(session, incident, called, now, [to.chat for to in taking], anew=True)

    async def _notify_fleet(self, session: Session, incident: Incident, now: datetime) -> None:
        """Notify the chats and people of the fleet of an incident that outlasts the common cause it was left to."""
        incident.facts = incident.facts | {"left_to": None}
        called = OnCallTargets(())
        if (
            kind_info(incident.kind).outage
            and incident.acknowledged_at is None
            and not await self._people.has_own(session)
        ):
            incident.step = escalation.FIRST
            self._next_step_at(incident, now + self._plan.escalate_after)
            called = await self._people.next(session, now, notified_people.passed(incident.facts))
            await self._asks(session, incident, called)
            self._look_again(incident, now)
        await self._alert_messages.refresh(session, incident, now)
        told = await self._show_where_it_is_not(session, incident, now)
        await self.pages.ask(session, incident, called, now, told)

    async def _show_where_it_is_not(self, session: Session, incident: Incident, now: datetime) -> list[int]:
        """Show it in every alert chat, or to the people that replace one; return the chats that did not have it."""
        common = self._common(incident) is not None
        told = {(card.chat_id, card.thread_id) for card in await self._alert_messages.of(session, incident)}
        taking = await self._destinations.reachable(session, now, own=common)
        missing = [to for to in taking if to not in told]
        for to in missing:
            await self.pages.show(session, incident, to, now)
        return [to.chat for to in missing]

    def _common(self, incident: Incident) -> CommonCause | None:
        return inhibitor_of_trunk(self._causes.now, self._station, incident.kind, incident.facts)

    async def _inhibited_by(self, session: Session, incident: Incident) -> bool:
        """Return True when the people on call are those of the fleet, which its own incident notifies."""
        return self._common(incident) is not None and not await self._people.has_own(session)

    async def _escalate(self, session: Session, incident: Incident, now: datetime) -> None:
        called = await self._people.next(session, now, notified_people.passed(incident.facts))
        if incident.step >= escalation.EVERYBODY or not called.people:
            incident.step = escalation.EVERYBODY
            self._next_step_at(incident, now + self._plan.remind_every)
            called = await self._left_to_ask(session, incident, now)
        await self._ask_others(session, incident, called, now)
        if not notified_people.asked(incident.facts):
            # No person was notified in private, so the chats are notified again.
            await self.pages.say_again(session, incident, now, "reminded")

    async def _remind(self, session: Session, incident: Incident, now: datetime) -> None:
        """Notify all again, and the people that have become reachable since."""
        if incident.step > escalation.EVERYBODY and (late := await self._left_to_ask(session, incident, now)).people:
            await self._ask_others(session, incident, late, now)
        await self.pages.say_again(session, incident, now, "reminded")
        await self._show_where_it_is_not(session, incident, now)

    async def _left_to_ask(self, session: Session, incident: Incident, now: datetime) -> OnCallTargets:
        passed = notified_people.passed(incident.facts)
        everybody = await self._people.everybody(session, now)
        return OnCallTargets(
            tuple(one for one in everybody.people if one not in passed),
            tuple(one for one in everybody.skipped if one not in passed),
        )

    async def _ask_others(self, session: Session, incident: Incident, called: OnCallTargets, now: datetime) -> None:
        names = await self._people.names(session, called.people)
        timeline.record(
            session, incident, "escalated", now, step=incident.step, people=list(names.values()), ids=list(names)
        )
        await self._asks(session, incident, called)
        await self._alert_messages.refresh(session, incident, now)
        await self.pages.ask(session, incident, called, now)

    async def _asks(self, session: Session, incident: Incident, called: OnCallTargets) -> None:
        """Record the people notified now, for the alert messages."""
        names = await self._people.names(session, (*called.people, *called.skipped))
        incident.facts = incident.facts | notified_people.also(
            incident.facts,
            {one: names[one] for one in called.people},
            {one: names[one] for one in called.skipped},
        )

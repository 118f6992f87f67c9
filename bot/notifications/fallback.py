"""Fallback for messages that can never be delivered: notify others, and report the closed chat once."""

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog

from bot.access.policy import Destination
from bot.notifications import notified_people, presenter
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.destinations import Destinations
from bot.notifications.notifier import Notifier
from bot.notifications.recipients import OnCallResolver, OnCallTargets
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.messages.outbox import Urgency
from bot.store.stations import timeline
from bot.store.stations.incidents import open_in
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage, Outgoing
from bot.telegram.chat_access import block_reason

log = structlog.get_logger(__name__)

NEXT_ON_CALL = "whoever is on call next"


class Fallback:
    """Fallback of one station. Methods queue notifications in the caller's session."""

    def __init__(
        self,
        station: str,
        *,
        notifier: Notifier,
        alerts: AlertMessages,
        people: OnCallResolver,
        destinations: Destinations,
    ) -> None:
        self._station = station
        self._notifier = notifier
        self._alert_messages = alerts
        self._on_call = people
        self._destinations = destinations

    def report_blocked_chat(self, session: Session, chat_id: int, reason: str, now: datetime) -> bool:
        """Report to the administrators a chat that was just found to take no messages. Return True when alerts go to
        it."""
        is_for_alerts = self._is_for_alerts(session, chat_id)
        if not is_for_alerts and chat_id not in self._on_call.eligible(session, now):
            return False
        known = self._on_call.known(session, [chat_id]).get(chat_id)
        facts = {
            "station": self._station,
            "chat": chat_id,
            "name": known.name if known else "",
            "alerts": is_for_alerts,
            "met": known is not None,
            "why": block_reason(reason),
        }
        admins = [person for person in self._destinations.admins(session, now) if person != chat_id]
        if not admins:
            log.error("no administrator is reachable, closed chat not reported", chat=chat_id, reason=reason)
        for admin in admins:
            outbox.enqueue(
                session,
                chat_id=admin,
                thread_id=None,
                template="chat_closed",
                facts=facts,
                now=now,
                urgency=Urgency.RESOLVE,
            )
        return True

    def on_chat_blocked(self, session: Session, chat_id: int, now: datetime) -> None:
        """Notify others at once of the open incidents shown in the chat."""
        self._close_alerts(session, alert_messages.open_in_chat(session, chat_id, self._station), now)

    def on_chat_unblocked(self, session: Session, chat_id: int, since: datetime, now: datetime) -> None:
        """Update the alert messages of a chat that takes messages again after it took none since `since`, and show it
        the open incidents that concern it."""
        undelivered = alert_messages.undelivered_in(session, chat_id, self._station, since)
        outdated = {
            alert_message.id
            for alert_message in undelivered
            if self._alert_messages.restore(session, alert_message, now)
        }
        named, own = self._destinations.configured(session), self._destinations.own(session)
        for incident in open_in(session, self._station):
            if incident.held_by or not incident.step:
                continue
            if chat_id in notified_people.undeliverable(incident.facts) and incident.acknowledged_at is None:
                names = self._on_call.names(session, [chat_id])
                incident.facts = incident.facts | notified_people.add_reachable(incident.facts, chat_id, names[chat_id])
                self._alert_messages.refresh(session, incident, now)
                self._notifier.notices.page(session, incident, OnCallTargets((chat_id,)), now)
                continue
            to = [one for one in (own if incident.facts.get("left_to") else named) if one.chat == chat_id]
            self._show_missing(session, incident, to, now, outdated)

    def on_undeliverable(self, session: Session, message: Outgoing, now: datetime) -> str | None:
        """Notify others of an open incident, and the administrators of any other message to an alert chat. Return the
        names of those notified, or None."""
        notified = list[str]()
        shown = alert_messages.of_outbox_row(session, message.id, self._station)
        still_open = [(incident, alert_message) for incident, alert_message in shown if incident.open_key is not None]
        # A message that is no alert message any more has been replaced by a newer one.
        is_worth_forwarding = message.template != "alert" or (shown and not still_open)
        if is_worth_forwarding and self._concerns_all(session, message):
            notified = self._forward(session, message, [incident for incident, _ in shown], now)
        self._close_alerts(
            session,
            [(incident, alert_message) for incident, alert_message in still_open if alert_message.closed_at is None],
            now,
        )
        for incident, _ in still_open:
            notified += self._names_of_notified(session, incident, now)
        return ", ".join(dict.fromkeys(notified)) or None

    def _close_alerts(
        self, session: Session, shown_there: Sequence[tuple[Incident, AlertMessage]], now: datetime
    ) -> None:
        """Close alert messages that are not seen any more. The people notified by them count as not notified; where the
        incident is not silenced others are notified."""
        for incident, alert_message in shown_there:
            alert_message.closed_at = now
            timeline.record(session, incident, "undelivered", now, chat=alert_message.chat_id, card=alert_message.id)
        for incident, alert_message in shown_there:
            chat = alert_message.chat_id
            is_expedited = False
            if chat in notified_people.paged_so_far(incident.facts) or chat == incident.facts.get("handed_id"):
                names = self._on_call.names(session, [chat])
                incident.facts = incident.facts | notified_people.remove_person(incident.facts, chat, names[chat])
                is_expedited = self._notifier.expedite(incident, now)
            is_shown = bool(self._alert_messages.open_for(session, incident)) or is_expedited
            if not incident.held_by and (self._is_for_alerts(session, chat) or not is_shown):
                admins = [Destination(person) for person in self._destinations.admins(session, now)]
                self._show_missing(session, incident, admins, now)
            self._alert_messages.refresh(session, incident, now)

    def _show_missing(
        self,
        session: Session,
        incident: Incident,
        chats: Sequence[Destination],
        now: datetime,
        outdated: Collection[int] = (),
    ) -> None:
        """Show the incident where it is not shown yet; `outdated` alert messages do not count."""
        shown_in = {
            alert_message.chat_id
            for alert_message in self._alert_messages.open_for(session, incident)
            if alert_message.id not in outdated
        }
        missing = [to for to in chats if to.chat not in shown_in]
        names = self._on_call.names(session, [to.chat for to in missing if to.chat > 0])
        for to in missing:
            self._notifier.notices.show(session, incident, to, now, person=names.get(to.chat, ""))

    def _names_of_notified(self, session: Session, incident: Incident, now: datetime) -> list[str]:
        """Return the people that have it, and groups only without any: a group may have no reader."""
        chats = [alert_message.chat_id for alert_message in self._alert_messages.open_for(session, incident)]
        people = [chat for chat in chats if chat > 0]
        if incident.due_at is not None and incident.due_at <= now:
            return [*self._on_call.names(session, people).values(), NEXT_ON_CALL]
        return [*self._on_call.names(session, people or chats).values()]

    def _concerns_all(self, session: Session, message: Outgoing) -> bool:
        """Return False for an answer to one person and for an edit of a message that is not visible."""
        if message.action != "send" or message.urgency == Urgency.ANSWER or message.template == outbox.NOT_READ:
            return False
        return self._is_for_alerts(session, message.chat_id)

    def _is_for_alerts(self, session: Session, chat_id: int) -> bool:
        return chat_id in {to.chat for to in self._destinations.configured(session)}

    def _forward(self, session: Session, message: Outgoing, over: Sequence[Incident], now: datetime) -> list[str]:
        """Forward the message with its current facts: its incidents may have ended since. People with the alert in
        private have seen its end."""
        newest = {"incidents": [presenter.facts_of(incident) for incident in over]} if over else {}
        already_notified = self._already_notified(session, message)
        admins = [one for one in self._destinations.admins(session, now) if one not in already_notified]
        for person in admins:
            outbox.enqueue(
                session,
                chat_id=person,
                thread_id=None,
                template=message.template,
                facts=message.facts | newest,
                now=now,
                silent=message.silent,
                urgency=Urgency(message.urgency),
            )
        return list(self._on_call.names(session, [*admins, *already_notified]).values())

    def _already_notified(self, session: Session, message: Outgoing) -> set[int]:
        """Return the people notified in private of every incident of the message."""
        had: set[int] | None = None
        for one in message.facts.get("incidents", ()):
            chats = alert_messages.private_chats_of(session, one["number"])
            had = chats if had is None else had & chats
        return (had or set()) - {message.chat_id}

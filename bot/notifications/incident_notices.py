"""Show an incident in a chat, and notify people in private. Timeline and alert messages are written in the session that
queues the notification."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.access.policy import Destination
from bot.incidents.model import is_only_for_admins, kind_info
from bot.notifications import notified_people
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.recipients import OnCallResolver, OnCallTargets, quiet_until
from bot.runtime.clock import Zone
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.stations import timeline
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage


class IncidentNotices:
    """Notifications of one station."""

    def __init__(self, alerts: AlertMessages, people: OnCallResolver, zone: Zone) -> None:
        self._alert_messages = alerts
        self._on_call = people
        self._zone = zone

    def show(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        now: datetime,
        *,
        person: str = "",
        as_new: bool = False,
    ) -> AlertMessage:
        """Show the incident in an alert chat, or to the person that replaces it. Silent when people are notified of it
        in private, or it is acknowledged. `as_new`: as another kind than it was shown before."""
        pages_wake_people = (
            kind_info(incident.kind).outage
            and to.chat not in notified_people.paged_last(incident.facts)
            and _is_acknowledged_or_paged(incident)
        )
        loud = _is_loud(incident) and not pages_wake_people
        return self._send(session, incident, to, person, loud=loud, now=now, as_new=as_new)

    def page(
        self,
        session: Session,
        incident: Incident,
        targets: OnCallTargets,
        now: datetime,
        already_notified: Collection[int] = (),
        *,
        as_new: bool = False,
    ) -> None:
        """Notify people in private, with a sound for an outage; a warning waits until the quiet hours of the person are
        over. `already_notified` were notified just now."""
        names = self._on_call.names(session, (*targets.people, *targets.skipped))
        for person in targets.skipped:
            timeline.record(session, incident, "unreachable", now, person=names[person])
        outage = kind_info(incident.kind).outage
        for person in targets.people:
            if person in already_notified:
                continue
            hours = None if outage else self._on_call.quiet_hours(session, person)
            wait = quiet_until(hours, now, self._zone())
            self._send(
                session,
                incident,
                Destination(person),
                names[person],
                loud=outage,
                now=now,
                not_before=wait,
                as_new=as_new,
            )

    def page_again(self, session: Session, incident: Incident, now: datetime, every: timedelta) -> None:
        """Notify the people of the newest step again, unless a notification with a sound reached them just before."""
        resent: dict[int, int] = {}
        for alert_message in self._alert_messages.open_for(session, incident):
            if alert_message.chat_id not in notified_people.paged_last(incident.facts) or _had_loud_message(
                session, alert_message, now - every / 2
            ):
                continue
            if self._alert_messages.resend(session, alert_message, loud=True, now=now):
                resent[alert_message.chat_id] = alert_message.message
        self._record_sent(session, incident, "paged_again", resent, now)

    def resend_all(self, session: Session, incident: Incident, now: datetime, what: str, **facts: Any) -> None:
        """Resend every alert message at the end of its chat, and record it as the timeline event `what`."""
        sent: dict[int, int] = {}
        for alert_message in self._alert_messages.open_for(session, incident):
            silent = (
                kind_info(incident.kind).outage
                and notified_people.paged_so_far(incident.facts)
                and not _is_asked(incident, alert_message.chat_id)
            )
            self._alert_messages.resend(session, alert_message, loud=_is_loud(incident) and not silent, now=now)
            sent[alert_message.chat_id] = alert_message.message
        self._record_sent(session, incident, what, sent, now, **facts)

    def _record_sent(
        self,
        session: Session,
        incident: Incident,
        what: str,
        sent: Mapping[int, int],
        now: datetime,
        **facts: Any,
    ) -> None:
        """`sent` is the message sent to each chat; without any no event is recorded."""
        if not sent:
            return
        names = self._on_call.names(session, [chat for chat in sent if chat > 0])
        chats, messages = list(sent), list(sent.values())
        timeline.record(
            session, incident, what, now, chats=chats, messages=messages, people=list(names.values()), **facts
        )

    def _send(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        person: str,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        as_new: bool = False,
    ) -> AlertMessage:
        alert_message = self._alert_messages.show_incident(
            session, incident, to, loud=loud, now=now, not_before=not_before, as_new=as_new
        )
        message = alert_messages.outbox_row(session, alert_message)
        # An edit of a message that was sent already makes no sound.
        is_edit = message.created_at < now and message.state not in outbox.QUEUED_STATES
        added: dict[str, Any] = {"added": True} if is_edit else {}
        timeline.record(
            session,
            incident,
            "told",
            now,
            step=incident.step,
            chat=to.chat,
            thread=to.thread,
            person=person,
            loud=loud,
            card=alert_message.id,
            message=alert_message.message,
            **added,
        )
        if not_before is not None:
            timeline.record(
                session, incident, "held", now, rule="quiet", until=not_before.isoformat(), by=person, reason=""
            )
        return alert_message


def _is_loud(incident: Incident) -> bool:
    return kind_info(incident.kind).loud and not is_only_for_admins(incident.facts)


def _is_asked(incident: Incident, chat: int) -> bool:
    return chat in notified_people.paged_so_far(incident.facts) or chat == incident.facts.get("handed_id")


def _is_acknowledged_or_paged(incident: Incident) -> bool:
    return incident.acknowledged_at is not None or bool(notified_people.paged_last(incident.facts))


def _had_loud_message(session: Session, alert_message: AlertMessage, since: datetime) -> bool:
    """Return True when a notification with a sound was queued for the chat since then."""
    at = alert_messages.newest_loud_at(session, alert_message.chat_id)
    return at is not None and at > since

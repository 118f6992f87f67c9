"""Content of alert messages, and the outbox rows that send and edit them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.access.policy import Destination
from bot.incidents.model import kind_info
from bot.messages.message import stored
from bot.notifications import presenter
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage, Keyboard, Outgoing

# A message of several incidents is edited at most this often.
EDIT_EVERY = timedelta(seconds=3)


def enqueue(
    session: Session,
    to: Destination,
    facts: dict[str, Any],
    keyboard: Keyboard | None,
    *,
    loud: bool,
    now: datetime,
    not_before: datetime | None = None,
) -> int:
    """Queue an alert message; return the id of its outbox row."""
    row = outbox.enqueue(
        session,
        chat_id=to.chat,
        thread_id=to.thread,
        template="alert",
        facts=facts,
        now=now,
        keyboard=keyboard,
        silent=not loud,
        urgency=Urgency.PAGE if loud else Urgency.RESOLVE,
        not_before=not_before,
    )
    return outbox.id_of(session, row)


def show(session: Session, alert_message: AlertMessage, now: datetime, urgency: Urgency = Urgency.EDIT) -> bool:
    """Show the current state of its incidents. Return True if the message is not yet sent."""
    facts, keyboard = content(session, alert_message, now)
    gathers = now + EDIT_EVERY if len(facts["incidents"]) > 1 else None
    message = alert_messages.outbox_row(session, alert_message)
    return outbox.show(
        session,
        message,
        template="alert",
        facts=facts,
        keyboard=keyboard,
        now=now,
        not_before=gathers,
        urgency=urgency,
    )


def point_to_newer(session: Session, alert_message: AlertMessage, now: datetime, *, elsewhere: bool = False) -> None:
    """Mark the alert message as replaced by a newer one. `elsewhere`: the newer one is above it in the chat."""
    message = alert_messages.outbox_row(session, alert_message)
    facts, _ = content(session, alert_message, now)
    facts["superseded"], facts["elsewhere"] = True, elsewhere
    outbox.show(session, message, template="alert", facts=facts, keyboard=None, now=now)


def reply_resolved(
    session: Session,
    alert_message: AlertMessage,
    message: Outgoing,
    incidents: Sequence[Incident],
    now: datetime,
    *,
    silent: bool = False,
) -> None:
    """Reply that the incidents are over: with a sound only where the alert made one and a person has acknowledged
    it, and so is awake."""
    taken = any(one.acknowledged_at is not None and kind_info(one.kind).outage for one in incidents)
    outbox.enqueue(
        session,
        chat_id=alert_message.chat_id,
        thread_id=alert_message.thread_id,
        about=message.id,
        template="alert_over",
        facts={
            "station": presenter.station_of(incidents),
            "incidents": [presenter.facts_of(one) for one in incidents],
        },
        now=now,
        silent=silent or not (alert_message.loud and taken),
        urgency=Urgency.RESOLVE,
    )


def content(
    session: Session, alert_message: AlertMessage, now: datetime, *, as_new: bool = False
) -> tuple[dict[str, Any], Keyboard | None]:
    """Return facts and keyboard. `as_new`: for a message that is not queued yet."""
    incidents = alert_messages.incidents_of(session, alert_message)
    message = None if as_new else alert_messages.outbox_row(session, alert_message)
    rows = stored(presenter.buttons_of(alert_message.id, incidents))
    station = presenter.station_of(incidents)
    keyboard = (
        new_keyboard(alert_message.chat_id, rows, now=now, station=station or alert_message.station) if rows else None
    )
    facts = {
        "station": station,
        "told_at": _sent_at(message),
        "again": message is None or message.created_at > alert_message.opened_at,
        "superseded": False,
        "incidents": [presenter.facts_of(one) for one in incidents],
    }
    return facts, keyboard


def silence_unsent(message: Outgoing, alert_message: AlertMessage, now: datetime) -> None:
    """Make the queued message silent: it shows the beginning and the end. Drop it when it waits for the end of quiet
    hours."""
    message.silent, message.urgency = True, Urgency.RESOLVE
    if not alert_message.loud and message.not_before > now and was_never_tried(message):
        outbox.drop(message, "over before it was to be told")


def was_never_tried(message: Outgoing) -> bool:
    """Return False once a delivery was tried: the message may have arrived, or another message may point to it."""
    return message.state == "pending" and message.attempts == 0


def _sent_at(message: Outgoing | None) -> str | None:
    """Return None for a queued message: its age is computed when it is sent."""
    sent_at = None if message is None or message.state in outbox.QUEUED_STATES else message.sent_at or message.tried_at
    return sent_at.isoformat() if sent_at else None

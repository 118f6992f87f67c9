"""Messages that show incidents in a chat: one per incident, or one for several that come together.

An alert message is sent once, then edited; the newest state wins. It is sent again at the end of the chat when it must
make a sound, or has scrolled far away. The end of an incident is shown by its alert message and by a short reply to it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.access.policy import EVERY_STATION, Destination
from bot.notifications import alert_rows
from bot.notifications.grouping import GROUP_WINDOW, groupable
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage

# An alert message with more than so many newer ones below it is sent again.
SCROLLED_AWAY = 30


class NewestMessages(Protocol):
    """Return the id of the newest message known in a chat."""

    def __call__(self, chat: int, /) -> int | None: ...


class AlertMessages:
    """Alert messages; methods use the caller's session and do not commit. `newest_in` returns the id of the newest
    message known in a chat, or None. Incidents within `together` of one another share a message."""

    def __init__(self, newest_in: NewestMessages | None = None, together: timedelta = GROUP_WINDOW) -> None:
        self._newest_in = newest_in
        self._together = max(together, GROUP_WINDOW)

    def show_incident(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        as_new: bool = False,
    ) -> AlertMessage:
        """Show the incident in a chat and return its alert message. One that the chat has already is sent again at the
        end of the chat; with `as_new` (the incident became another kind) a new one is sent and the old one points to
        it."""
        older = self._shown_in(session, incident, to)
        if older is not None and not as_new:
            self.resend(session, older, loud=loud, now=now)
            return older
        superseded = older if older is not None and self._detach(session, older, incident, now) else None
        # An incident of all stations has a message of its own.
        is_separate = not_before is not None or incident.station == EVERY_STATION
        alert_message = (
            None if is_separate else groupable(session, incident, to, loud=loud, now=now, within=self._together)
        )
        if alert_message is None:
            alert_message = self._open(session, incident, to, loud=loud, now=now, not_before=not_before)
        else:
            alert_messages.attach(session, alert_message, incident)
            alert_message.joined_at = now
            alert_rows.show(session, alert_message, now)
        if superseded is not None:
            self._supersede(session, superseded, alert_message, now)
        return alert_message

    def refresh(self, session: Session, incident: Incident, now: datetime, urgency: Urgency = Urgency.EDIT) -> None:
        """Edit every alert message of the incident to its current state."""
        for alert_message in self.open_for(session, incident):
            if self._has_scrolled_away(session, alert_message):
                self.resend(session, alert_message, loud=False, now=now)
            else:
                alert_rows.show(session, alert_message, now, urgency)

    def resolve(self, session: Session, incident: Incident, now: datetime) -> None:
        """Show the end of the incident in its alert messages; reply to those without an open incident left."""
        for alert_message in self.open_for(session, incident):
            self._show_end(session, alert_message, now)

    def resend(self, session: Session, alert_message: AlertMessage, *, loud: bool, now: datetime) -> bool:
        """Send the alert message again at the end of the chat; the old one points to it. Return False when the old one
        is still queued."""
        alert_message.loud = alert_message.loud or loud
        message = alert_messages.outbox_row(session, alert_message)
        if message.state in outbox.QUEUED_STATES:
            # Still queued: it is sent in its newest state.
            if loud:
                message.silent, message.urgency = False, Urgency.PAGE
                message.not_before = min(message.not_before, now)
            alert_rows.show(session, alert_message, now)
            return False
        alert_rows.point_to_newer(session, alert_message, now)
        facts, keyboard = alert_rows.content(session, alert_message, now, as_new=True)
        to = Destination(alert_message.chat_id, alert_message.thread_id)
        alert_message.message = alert_rows.enqueue(session, to, facts, keyboard, loud=loud, now=now)
        return True

    def open_for(self, session: Session, incident: Incident) -> Sequence[AlertMessage]:
        """Return the alert messages of the incident that are not closed."""
        return alert_messages.open_of(session, incident)

    def restore(self, session: Session, alert_message: AlertMessage, now: datetime) -> bool:
        """Update an alert message whose chat had been closed and takes messages again. Return True when it continues as
        the alert message of its open incidents; False when it only shows their end, or points to a newer one."""
        message = alert_messages.outbox_row(session, alert_message)
        if message.state in (*outbox.QUEUED_STATES, "sending"):
            # It was queued meanwhile, and is delivered after all.
            alert_message.closed_at = None
            self._show_end(session, alert_message, now)
            return False
        if message.message_id is None:
            return False
        incidents = alert_messages.incidents_of(session, alert_message)
        still_open = [one for one in incidents if one.open_key is not None]
        if not still_open:
            alert_rows.show(session, alert_message, now)
            alert_rows.reply_resolved(session, alert_message, message, incidents, now, silent=True)
            return False
        to = Destination(alert_message.chat_id, alert_message.thread_id)
        shown_elsewhere = [one for one in still_open if self._shown_in(session, one, to) is not None]
        if len(shown_elsewhere) == len(still_open):
            alert_rows.point_to_newer(session, alert_message, now)
            return False
        for one in shown_elsewhere:
            alert_messages.detach(session, alert_message, one)
        alert_message.closed_at = None
        alert_rows.show(session, alert_message, now)
        return True

    def _detach(self, session: Session, alert_message: AlertMessage, incident: Incident, now: datetime) -> bool:
        """Detach the incident, which another alert message shows from now on. Return True when this one shows no other
        incident: it is closed."""
        if len(alert_messages.incidents_of(session, alert_message)) == 1:
            alert_message.closed_at = now
            return True
        alert_messages.detach(session, alert_message, incident)
        self._show_end(session, alert_message, now)
        return False

    def _supersede(self, session: Session, older: AlertMessage, newer: AlertMessage, now: datetime) -> None:
        message = alert_messages.outbox_row(session, older)
        if alert_rows.was_never_tried(message):
            outbox.drop(message, "told as something else")
        else:
            alert_rows.point_to_newer(session, older, now, elsewhere=newer.message < older.message)

    def _show_end(self, session: Session, alert_message: AlertMessage, now: datetime) -> None:
        """Show the current state; close the alert message when none of its incidents is open."""
        unsent = alert_rows.show(session, alert_message, now)
        incidents = alert_messages.incidents_of(session, alert_message)
        if any(one.open_key is not None for one in incidents):
            return
        alert_message.closed_at = now
        message = alert_messages.outbox_row(session, alert_message)
        if unsent:
            alert_rows.silence_unsent(message, alert_message, now)
        else:
            alert_rows.reply_resolved(session, alert_message, message, incidents, now)

    def _shown_in(self, session: Session, incident: Incident, to: Destination) -> AlertMessage | None:
        alerts = self.open_for(session, incident)
        return next(
            (alert_message for alert_message in alerts if (alert_message.chat_id, alert_message.thread_id) == to), None
        )

    def _open(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None,
    ) -> AlertMessage:
        alert_message = AlertMessage(
            station=incident.station,
            chat_id=to.chat,
            thread_id=to.thread,
            loud=loud,
            opened_at=now,
            joined_at=now,
            message=alert_rows.enqueue(session, to, {}, None, loud=loud, now=now, not_before=not_before),
        )
        alert_messages.add(session, alert_message)
        alert_messages.attach(session, alert_message, incident)
        alert_rows.show(session, alert_message, now)
        return alert_message

    def _has_scrolled_away(self, session: Session, alert_message: AlertMessage) -> bool:
        """Return True when the message is far up in a group, where message ids count; in private chats they do not. A
        message of the group that a supergroup once was cannot be edited any more."""
        message = alert_messages.outbox_row(session, alert_message)
        if message.state == "sent" and message.message_id is None:
            return True
        newest = self._newest_in(alert_message.chat_id) if self._newest_in and alert_message.chat_id < 0 else None
        return newest is not None and message.message_id is not None and newest - message.message_id > SCROLLED_AWAY

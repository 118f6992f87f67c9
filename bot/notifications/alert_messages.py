"""Messages that show incidents in a chat: one per incident, or one for several that come together.

An alert message is sent once, then edited; the newest state wins. It is sent again at the end of the chat when it must
make a sound, or has scrolled far away. The end of an incident is shown by its alert message and by a short reply to it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.access.policy import EVERY_STATION, Destination
from bot.detection.trunk_health import SILENT, is_inbound
from bot.detection.trunk_state import SPREAD
from bot.incidents.model import Kind, kind_info
from bot.messages.message import stored
from bot.notifications import presenter
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage, Keyboard, Outgoing

# Incidents this close to one another share a message: one fault often shows in two polls.
TOGETHER = timedelta(seconds=15)
MOST_ON_A_CARD = 25
# A message of several incidents is edited at most this often.
EDIT_EVERY = timedelta(seconds=3)
FAR = 30


class NewestMessages(Protocol):
    """Give the id of the newest message known in a chat."""

    def __call__(self, chat: int, /) -> int | None: ...


class AlertMessages:
    """`newest_in` returns the id of the newest message known in a chat, or None. Incidents within `together` of one
    another share a message."""

    def __init__(self, newest_in: NewestMessages | None = None, together: timedelta = TOGETHER) -> None:
        self._newest_in = newest_in
        self._together = max(together, TOGETHER)

    async def show_incident(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        anew: bool = False,
    ) -> AlertMessage:
        """Show the incident in a chat and return its alert message. One that the chat has already is sent again at the
        end of the chat; with `anew` (the incident became another kind) a new one is sent and the old one points to
        it."""
        older = await self._showing(session, incident, to)
        if older is not None and not anew:
            await self.resend(session, older, loud=loud, now=now)
            return older
        done_with = older if older is not None and await self._leave(session, older, incident, now) else None
        # An incident of all stations has a message of its own.
        alone = not_before is not None or incident.station == EVERY_STATION
        card = None if alone else await self._groupable(session, incident, to, loud=loud, now=now)
        if card is None:
            card = await self._open(session, incident, to, loud=loud, now=now, not_before=not_before)
        else:
            alert_messages.attach(session, card, incident)
            card.joined_at = now
            await session.flush()
            await self._show(session, card, now)
        if done_with is not None:
            await self._supersede(session, done_with, card, now)
        return card

    async def refresh(
        self, session: Session, incident: Incident, now: datetime, urgency: Urgency = Urgency.EDIT
    ) -> None:
        """Edit every alert message of the incident to its current state."""
        for card in await self.of(session, incident):
            if await self._has_scrolled_away(session, card):
                await self.resend(session, card, loud=False, now=now)
            else:
                await self._show(session, card, now, urgency)

    async def end(self, session: Session, incident: Incident, now: datetime) -> None:
        """Show the end of the incident in its alert messages; reply to those without an open incident left."""
        for card in await self.of(session, incident):
            await self._end_card(session, card, now)

    async def resend(self, session: Session, card: AlertMessage, *, loud: bool, now: datetime) -> bool:
        """Send the alert message again at the end of the chat; the old one points to it. Return False when the old one
        is still queued."""
        card.loud = card.loud or loud
        message = await alert_messages.outbox_row(session, card)
        if message.state in outbox.WAITING:
            # Still queued: it is sent in its newest state.
            if loud:
                message.silent, message.urgency = False, Urgency.PAGE
                message.not_before = min(message.not_before, now)
            await self._show(session, card, now)
            return False
        await self._point_below(session, card, now)
        facts, keyboard = await self._looks(session, card, now, anew=True)
        row = outbox.enqueue(
            session,
            chat_id=card.chat_id,
            thread_id=card.thread_id,
            template="alert",
            facts=facts,
            now=now,
            keyboard=keyboard,
            silent=not loud,
            urgency=_urgency(loud),
        )
        await session.flush()
        card.message = row.id
        return True

    async def of(self, session: Session, incident: Incident) -> Sequence[AlertMessage]:
        """Return the alert messages of the incident that are not closed."""
        await session.flush()
        return await alert_messages.open_of(session, incident)

    async def adopt(self, session: Session, card: AlertMessage, now: datetime) -> bool:
        """Update an alert message whose chat had been closed and takes messages again. Return True when it continues as
        the alert message of its open incidents; False when it only shows their end, or points to a newer one."""
        message = await alert_messages.outbox_row(session, card)
        if message.state in (*outbox.WAITING, "sending"):
            # It was queued meanwhile, and is delivered after all.
            card.closed_at = None
            await self._end_card(session, card, now)
            return False
        if message.message_id is None:
            return False
        incidents = await alert_messages.incidents_of(session, card)
        still_open = [one for one in incidents if one.open_key is not None]
        if not still_open:
            await self._show(session, card, now)
            await self._answer(session, card, message, incidents, now, silent=True)
            return False
        to = Destination(card.chat_id, card.thread_id)
        told_since = [one for one in still_open if await self._showing(session, one, to) is not None]
        if len(told_since) == len(still_open):
            await self._point_below(session, card, now)
            return False
        for one in told_since:
            await alert_messages.detach(session, card, one)
        card.closed_at = None
        await session.flush()
        await self._show(session, card, now)
        return True

    async def _leave(self, session: Session, card: AlertMessage, incident: Incident, now: datetime) -> bool:
        """Detach the incident, which another alert message shows from now on. Return True when this one shows no other
        incident: it is closed."""
        if len(await alert_messages.incidents_of(session, card)) == 1:
            card.closed_at = now
            await session.flush()
            return True
        await alert_messages.detach(session, card, incident)
        await session.flush()
        await self._end_card(session, card, now)
        return False

    async def _supersede(self, session: Session, older: AlertMessage, newer: AlertMessage, now: datetime) -> None:
        message = await alert_messages.outbox_row(session, older)
        if _was_never_tried(message):
            outbox.drop(message, "told as something else")
        else:
            await self._point_below(session, older, now, elsewhere=newer.message < older.message)

    async def _end_card(self, session: Session, card: AlertMessage, now: datetime) -> None:
        """Show the current state; close the alert message when none of its incidents is open."""
        unsent = await self._show(session, card, now)
        incidents = await alert_messages.incidents_of(session, card)
        if any(one.open_key is not None for one in incidents):
            return
        card.closed_at = now
        message = await alert_messages.outbox_row(session, card)
        if unsent:
            _end_unsent(message, card, now)
        else:
            await self._answer(session, card, message, incidents, now)

    async def _showing(self, session: Session, incident: Incident, to: Destination) -> AlertMessage | None:
        cards = await self.of(session, incident)
        return next((card for card in cards if (card.chat_id, card.thread_id) == to), None)

    async def _groupable(
        self, session: Session, incident: Incident, to: Destination, *, loud: bool, now: datetime
    ) -> AlertMessage | None:
        """Return an alert message with room that was opened or joined in this chat a moment ago, or shows the same
        interruption."""
        lately = now - self._together
        same_cut = (incident.station, now - SPREAD) if _may_be_cut_off(incident) else None
        card = await alert_messages.newest_joinable(
            session,
            to.chat,
            to.thread,
            loud=loud,
            joined_since=lately,
            opened_at_station=same_cut,
            excluded_station=EVERY_STATION,
            limit=MOST_ON_A_CARD,
        )
        if card is None or card.joined_at >= lately:
            return card
        shown_there = [one for one in await alert_messages.incidents_of(session, card) if one.open_key is not None]
        return card if any(_is_cut_off(one) for one in shown_there) else None

    async def _open(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None,
    ) -> AlertMessage:
        row = outbox.enqueue(
            session,
            chat_id=to.chat,
            thread_id=to.thread,
            template="alert",
            facts={},
            now=now,
            silent=not loud,
            urgency=_urgency(loud),
            not_before=not_before,
        )
        await session.flush()
        card = AlertMessage(
            station=incident.station,
            chat_id=to.chat,
            thread_id=to.thread,
            loud=loud,
            opened_at=now,
            joined_at=now,
            message=row.id,
        )
        await alert_messages.add(session, card)
        alert_messages.attach(session, card, incident)
        await session.flush()
        await self._show(session, card, now)
        return card

    async def _show(self, session: Session, card: AlertMessage, now: datetime, urgency: Urgency = Urgency.EDIT) -> bool:
        facts, keyboard = await self._looks(session, card, now)
        gathers = now + EDIT_EVERY if len(facts["incidents"]) > 1 else None
        message = await alert_messages.outbox_row(session, card)
        return await outbox.show(
            session,
            message,
            template="alert",
            facts=facts,
            keyboard=keyboard,
            now=now,
            not_before=gathers,
            urgency=urgency,
        )

    async def _point_below(
        self, session: Session, card: AlertMessage, now: datetime, *, elsewhere: bool = False
    ) -> None:
        """Mark the alert message as replaced by a newer one. `elsewhere`: the newer one is above it in the chat."""
        message = await alert_messages.outbox_row(session, card)
        facts, _ = await self._looks(session, card, now)
        facts["superseded"], facts["elsewhere"] = True, elsewhere
        await outbox.show(session, message, template="alert", facts=facts, keyboard=None, now=now)

    async def _answer(
        self,
        session: Session,
        card: AlertMessage,
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
            chat_id=card.chat_id,
            thread_id=card.thread_id,
            about=message.id,
            template="alert_over",
            facts={
                "station": presenter.station_of(incidents),
                "incidents": [presenter.facts_of(one) for one in incidents],
            },
            now=now,
            silent=silent or not (card.loud and taken),
            urgency=Urgency.RESOLVE,
        )

    async def _looks(
        self, session: Session, card: AlertMessage, now: datetime, *, anew: bool = False
    ) -> tuple[dict[str, Any], Keyboard | None]:
        """Return facts and keyboard. `anew`: for a message that is not queued yet."""
        incidents = await alert_messages.incidents_of(session, card)
        message = None if anew else await alert_messages.outbox_row(session, card)
        rows = stored(presenter.buttons_of(card.id, incidents))
        station = presenter.station_of(incidents)
        keyboard = new_keyboard(card.chat_id, rows, now=now, station=station or card.station) if rows else None
        facts = {
            "station": station,
            "told_at": _told_at(message),
            "again": message is None or message.created_at > card.opened_at,
            "superseded": False,
            "incidents": [presenter.facts_of(one) for one in incidents],
        }
        return facts, keyboard

    async def _has_scrolled_away(self, session: Session, card: AlertMessage) -> bool:
        """Return True when the message is far up in a group, where message ids count; in private chats they do not. A
        message of the group that a supergroup once was cannot be edited any more."""
        message = await alert_messages.outbox_row(session, card)
        if message.state == "sent" and message.message_id is None:
            return True
        newest = self._newest_in(card.chat_id) if self._newest_in and card.chat_id < 0 else None
        return newest is not None and message.message_id is not None and newest - message.message_id > FAR


def _is_cut_off(incident: Incident) -> bool:
    """Return True when the provider does not answer, as when it or the way to it is down."""
    return incident.kind == Kind.TRUNK_DOWN and incident.facts.get("cause") in SILENT


def _may_be_cut_off(incident: Incident) -> bool:
    """Return True also for a trunk whose provider registers with the PBX: the PBX only shows that its registration has
    expired."""
    gone = incident.kind == Kind.TRUNK_DOWN and is_inbound(str(incident.facts.get("state")))
    return gone or _is_cut_off(incident)


def _end_unsent(message: Outgoing, card: AlertMessage, now: datetime) -> None:
    """Make the queued message silent: it shows the beginning and the end. Drop it when it waits for the end of quiet
    hours."""
    message.silent, message.urgency = True, Urgency.RESOLVE
    if not card.loud and message.not_before > now and _was_never_tried(message):
        outbox.drop(message, "over before it was to be told")


def _told_at(message: Outgoing | None) -> str | None:
    """Return None for a queued message: its age is computed when it is sent."""
    left = None if message is None or message.state in outbox.WAITING else message.sent_at or message.tried_at
    return left.isoformat() if left else None


def _urgency(loud: bool) -> Urgency:
    return Urgency.PAGE if loud else Urgency.RESOLVE


def _was_never_tried(message: Outgoing) -> bool:
    """Return False once a delivery was tried: the message may have arrived, or another message may point to it."""
    return message.state == "pending" and message.attempts == 0

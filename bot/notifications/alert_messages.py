"""The message that shows an incident in a chat: one per incident, or one for several that come together.

A card is sent once, then edited; the newest state wins. It is put under the chat anew when it must be heard again, or
has scrolled far away. What was told is told to have ended: by the card itself and by a short answer to it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.policy import EVERY_STATION, Destination
from bot.detection.trunk_health import SILENT, is_inbound
from bot.detection.trunk_state import SPREAD
from bot.incidents.model import OUTAGES, Kind
from bot.messages.message import stored
from bot.notifications import presenter
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import Card, CardIncident, Incident, Keyboard, Outgoing

# Incidents that come so close after one another are one message: what happens together is often seen in two looks.
TOGETHER = timedelta(seconds=15)
MOST_ON_A_CARD = 25
# A board that fills is edited at most this often.
EDIT_EVERY = timedelta(seconds=3)
FAR = 30


class NewestMessages(Protocol):
    """Give the id of the newest message known in a chat."""

    def __call__(self, chat: int, /) -> int | None: ...


class Cards:
    """`newest_in` is the id of the newest message known in a chat, None when nobody knows. What comes within `together`
    of one another is one message."""

    def __init__(self, newest_in: NewestMessages | None = None, together: timedelta = TOGETHER) -> None:
        self._newest_in = newest_in
        self._together = max(together, TOGETHER)

    async def tell(
        self,
        session: AsyncSession,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        anew: bool = False,
    ) -> Card:
        """Show the incident in a chat and return its card. A card that the chat has already is sent again at the end of
        the chat; with `anew` (the incident became another kind) a new card is sent and the old one points to it."""
        older = await self._showing(session, incident, to)
        if older is not None and not anew:
            await self.repost(session, older, loud=loud, now=now)
            return older
        done_with = older if older is not None and await self._leave(session, older, incident, now) else None
        # What concerns all PBXs stands alone, and nothing is put beside it.
        alone = not_before is not None or incident.station == EVERY_STATION
        card = None if alone else await self._joinable(session, incident, to, loud=loud, now=now)
        if card is None:
            card = await self._open(session, incident, to, loud=loud, now=now, not_before=not_before)
        else:
            session.add(CardIncident(card_id=card.id, incident_id=incident.id))
            card.joined_at = now
            await session.flush()
            await self._show(session, card, now)
        if done_with is not None:
            await self._supersede(session, done_with, card, now)
        return card

    async def refresh(
        self, session: AsyncSession, incident: Incident, now: datetime, urgency: Urgency = Urgency.EDIT
    ) -> None:
        """Every card that shows the incident shows it as it is now."""
        for card in await self.of(session, incident):
            if await self._has_scrolled_away(session, card):
                await self.repost(session, card, loud=False, now=now)
            else:
                await self._show(session, card, now, urgency)

    async def end(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """The incident has ended: its cards say so, and those of which nothing is left open are answered."""
        for card in await self.of(session, incident):
            await self._end_card(session, card, now)

    async def repost(self, session: AsyncSession, card: Card, *, loud: bool, now: datetime) -> bool:
        """Put the card under the chat; the old message points to it. False when the old one is on its way yet."""
        card.loud = card.loud or loud
        message = await self._message(session, card)
        if message.state in outbox.WAITING:
            # It comes anyway, in its newest state.
            if loud:
                message.silent, message.urgency = False, Urgency.PAGE
                message.not_before = min(message.not_before, now)
            await self._show(session, card, now)
            return False
        await self._point_below(session, card, now)
        facts, keyboard = await self._looks(session, card, now, anew=True)
        row = outbox.owe(
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

    async def of(self, session: AsyncSession, incident: Incident) -> Sequence[Card]:
        """The cards that show the incident and are not done with."""
        await session.flush()
        found = await session.execute(
            select(Card)
            .join(CardIncident, CardIncident.card_id == Card.id)
            .where(CardIncident.incident_id == incident.id, Card.closed_at.is_(None))
            .order_by(Card.id)
        )
        return found.scalars().all()

    async def take_up(self, session: AsyncSession, card: Card, now: datetime) -> bool:
        """Bring a card up to date whose chat had been closed and takes messages again. Returns True when it goes on as
        the card of its open incidents; False when it only shows their end, or points to a newer card of them."""
        message = await self._message(session, card)
        if message.state in (*outbox.WAITING, "sending"):
            # It was on its way meanwhile, and arrives after all.
            card.closed_at = None
            await self._end_card(session, card, now)
            return False
        if message.message_id is None:
            return False
        incidents = await self._incidents(session, card)
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
            await session.delete(await session.get_one(CardIncident, (card.id, one.id)))
        card.closed_at = None
        await session.flush()
        await self._show(session, card, now)
        return True

    async def _leave(self, session: AsyncSession, card: Card, incident: Incident, now: datetime) -> bool:
        """The incident is told by another card from now on. True when this one shows nothing else: it is done with."""
        if len(await self._incidents(session, card)) == 1:
            card.closed_at = now
            await session.flush()
            return True
        await session.delete(await session.get_one(CardIncident, (card.id, incident.id)))
        await session.flush()
        await self._end_card(session, card, now)
        return False

    async def _supersede(self, session: AsyncSession, older: Card, newer: Card, now: datetime) -> None:
        message = await self._message(session, older)
        if _was_never_tried(message):
            outbox.drop(message, "told as something else")
        else:
            await self._point_below(session, older, now, elsewhere=newer.message < older.message)

    async def _end_card(self, session: AsyncSession, card: Card, now: datetime) -> None:
        """Show what is left of it; if that is nothing, the card is done with."""
        unsent = await self._show(session, card, now)
        incidents = await self._incidents(session, card)
        if any(one.open_key is not None for one in incidents):
            return
        card.closed_at = now
        message = await self._message(session, card)
        if unsent:
            _end_unsent(message, card, now)
        else:
            await self._answer(session, card, message, incidents, now)

    async def _showing(self, session: AsyncSession, incident: Incident, to: Destination) -> Card | None:
        cards = await self.of(session, incident)
        return next((card for card in cards if (card.chat_id, card.thread_id) == to), None)

    async def _joinable(
        self, session: AsyncSession, incident: Incident, to: Destination, *, loud: bool, now: datetime
    ) -> Card | None:
        """The card that was opened or joined in this chat a moment ago, or tells of the same cut, and has room."""
        lately = Card.joined_at >= now - self._together
        if not _may_be_cut_off(incident):
            return await self._with_room(session, to, loud, lately)
        same_cut = and_(Card.station == incident.station, Card.opened_at >= now - SPREAD)
        card = await self._with_room(session, to, loud, or_(lately, same_cut))
        if card is None or card.joined_at >= now - self._together:
            return card
        shown_there = [one for one in await self._incidents(session, card) if one.open_key is not None]
        return card if any(_is_cut_off(one) for one in shown_there) else None

    async def _with_room(
        self, session: AsyncSession, to: Destination, loud: bool, when: ColumnElement[bool]
    ) -> Card | None:
        found = await session.execute(
            select(Card, func.count(CardIncident.incident_id))
            .join(CardIncident, CardIncident.card_id == Card.id)
            .where(
                Card.chat_id == to.chat,
                Card.station != EVERY_STATION,
                Card.thread_id.is_(to.thread) if to.thread is None else Card.thread_id == to.thread,
                Card.closed_at.is_(None),
                Card.loud == loud,
                when,
            )
            .group_by(Card.id)
            .order_by(Card.id.desc())
            .limit(1)
        )
        row = found.one_or_none()
        return row[0] if row is not None and row[1] < MOST_ON_A_CARD else None

    async def _open(
        self,
        session: AsyncSession,
        incident: Incident,
        to: Destination,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None,
    ) -> Card:
        row = outbox.owe(
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
        card = Card(
            station=incident.station,
            chat_id=to.chat,
            thread_id=to.thread,
            loud=loud,
            opened_at=now,
            joined_at=now,
            message=row.id,
        )
        session.add(card)
        await session.flush()
        session.add(CardIncident(card_id=card.id, incident_id=incident.id))
        await session.flush()
        await self._show(session, card, now)
        return card

    async def _show(self, session: AsyncSession, card: Card, now: datetime, urgency: Urgency = Urgency.EDIT) -> bool:
        facts, keyboard = await self._looks(session, card, now)
        gathers = now + EDIT_EVERY if len(facts["incidents"]) > 1 else None
        message = await self._message(session, card)
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

    async def _point_below(self, session: AsyncSession, card: Card, now: datetime, *, elsewhere: bool = False) -> None:
        """Mark the card as replaced by a newer one. `elsewhere`: the newer one stands above it in the chat."""
        message = await self._message(session, card)
        facts, _ = await self._looks(session, card, now)
        facts["superseded"], facts["elsewhere"] = True, elsewhere
        await outbox.show(session, message, template="alert", facts=facts, keyboard=None, now=now)

    async def _answer(
        self,
        session: AsyncSession,
        card: Card,
        message: Outgoing,
        incidents: Sequence[Incident],
        now: datetime,
        *,
        silent: bool = False,
    ) -> None:
        """With a sound where there was one, if somebody is awake for it: somebody took it. Who slept through it sleeps
        on."""
        taken = any(one.acknowledged_at is not None and one.kind in OUTAGES for one in incidents)
        outbox.owe(
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
        self, session: AsyncSession, card: Card, now: datetime, *, anew: bool = False
    ) -> tuple[dict[str, Any], Keyboard | None]:
        """`anew`: as a message that is yet to be made."""
        incidents = await self._incidents(session, card)
        message = None if anew else await self._message(session, card)
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

    async def _incidents(self, session: AsyncSession, card: Card) -> Sequence[Incident]:
        found = await session.execute(
            select(Incident)
            .join(CardIncident, CardIncident.incident_id == Incident.id)
            .where(CardIncident.card_id == card.id)
            .order_by(Incident.id)
        )
        return found.scalars().all()

    async def _message(self, session: AsyncSession, card: Card) -> Outgoing:
        return await session.get_one(Outgoing, card.message)

    async def _has_scrolled_away(self, session: AsyncSession, card: Card) -> bool:
        """Only groups count their messages; in private chats Telegram's ids tell nothing. A message of the group that a
        supergroup once was cannot be changed any more."""
        message = await self._message(session, card)
        if message.state == "sent" and message.message_id is None:
            return True
        newest = self._newest_in(card.chat_id) if self._newest_in and card.chat_id < 0 else None
        return newest is not None and message.message_id is not None and newest - message.message_id > FAR


def _is_cut_off(incident: Incident) -> bool:
    """Its provider is not heard, as when the provider or the way to it is gone."""
    return incident.kind == Kind.TRUNK_DOWN and incident.facts.get("cause") in SILENT


def _may_be_cut_off(incident: Incident) -> bool:
    """Of a provider that registers with the PBX nothing is seen but that its registration has run out."""
    gone = incident.kind == Kind.TRUNK_DOWN and is_inbound(str(incident.facts.get("state")))
    return gone or _is_cut_off(incident)


def _end_unsent(message: Outgoing, card: Card, now: datetime) -> None:
    """One message tells that it began and ended, and wakes nobody; what was kept for the morning need not be said."""
    message.silent, message.urgency = True, Urgency.RESOLVE
    if not card.loud and message.not_before > now and _was_never_tried(message):
        outbox.drop(message, "over before it was to be told")


def _told_at(message: Outgoing | None) -> str | None:
    """None of a message that is yet to leave: it tells its age when it does."""
    left = None if message is None or message.state in outbox.WAITING else message.sent_at or message.tried_at
    return left.isoformat() if left else None


def _urgency(loud: bool) -> Urgency:
    return Urgency.PAGE if loud else Urgency.RESOLVE


def _was_never_tried(message: Outgoing) -> bool:
    """What was tried may have arrived, or something points to it already."""
    return message.state == "pending" and message.attempts == 0

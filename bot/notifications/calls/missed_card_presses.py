"""Presses on the cards of missed callers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from bot.notifications.calls import gatherings, missed_cards
from bot.notifications.calls.missed_card_message import CardOutcome, number_to_call, show
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import outbox
from bot.store.stations import missed_cards as missed_callers
from bot.store.stations.missed_cards import find
from bot.store.tables.calls import MissedCard
from bot.store.tables.messages import Outgoing

# Until then another press is one of an impatient person, or one that waited.
CALL_AGAIN_AFTER = timedelta(minutes=1)


class PressResult(StrEnum):
    DONE = "done"
    CLAIMED_BEFORE = "claimed before"
    CLOSED_BEFORE = "closed before"
    IN_THE_CHAT = "in the chat already"
    UNDER_WAY = "under way already"
    CALLED_ELSEWHERE = "called from another chat"
    PHONE_UNKNOWN = "phone not known"
    NOT_CALLABLE = "cannot be called"


class CallBegun(NamedTuple):
    """Result of a press on ☎ Call; with DONE the `number` for which the PBX is to be asked."""

    result: PressResult
    number: str = ""


class CallEnd(StrEnum):
    """Outcome of asking the PBX for a call: the phone of whoever asked was answered, or not, the PBX did not do it, or
    that is not known."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class MissedCards:
    """Presses on cards. Each method is a transaction; `wake` wakes the delivery worker."""

    def __init__(self, database: Database, wake: Signal, clock: Clock) -> None:
        self._database = database
        self._wake = wake
        self._clock = clock

    async def find(self, card_id: int, station: str, chat_id: int) -> MissedCard | None:
        return await self._database.run(find, card_id, station, chat_id)

    async def open(self, card_id: int, station: str, chat_id: int, now: datetime) -> PressResult:
        """Send the card of a caller who is only in a message of several; point to it if it is in the chat already."""
        result = await self._database.run(_open, card_id, station, chat_id, now)
        self._wake.send()
        return result

    async def claim(self, card_id: int, station: str, chat_id: int, by_id: int, by: str, now: datetime) -> PressResult:
        result = await self._database.run(_claim, card_id, station, chat_id, by_id, by, now)
        self._wake.send()
        return result

    async def begin_call(
        self, card_id: int, station: str, chat_id: int, by_id: int, by: str, phone: str | None, now: datetime
    ) -> CallBegun:
        """Claim the card, and record that the PBX is asked to ring `phone` and call the caller: only then ask it, once,
        and tell `end_call` the outcome. Without a phone nothing is recorded, and the result says whether one is all
        that is missing."""
        begun = await self._database.run(_begin_call, card_id, station, chat_id, by_id, by, phone, now)
        self._wake.send()
        return begun

    async def end_call(self, card_id: int, end: CallEnd, problem: Mapping[str, Any] | None = None) -> None:
        """Record the outcome, and tell it unless the phone was answered. The card is free again if nobody was called.
        `problem` of the PBX, if it refused."""
        await self._database.run(_end_call, card_id, end, problem, self._clock())
        self._wake.send()

    async def end_interrupted_calls(self) -> None:
        """End the calls of an earlier run: whether they were made is not known, and they are not repeated."""
        await self._database.run(_end_interrupted_calls, self._clock())
        self._wake.send()

    async def close(
        self,
        card_id: int,
        station: str,
        chat_id: int,
        by: str,
        outcome: CardOutcome,
        now: datetime,
        *,
        own_chat: int | None = None,
    ) -> PressResult:
        """Close a card; if they have called back, that of the same caller in the presser's `own_chat` too. Cards of
        other chats stay: who is in one may not be in another, and it may have asked for other calls."""
        result = await self._database.run(_close, card_id, station, chat_id, by, outcome, now, own_chat)
        self._wake.send()
        return result

    async def end(self, station: str, chat_id: int, now: datetime) -> None:
        """Close all cards of a chat that is told of no missed calls any more: nobody would close them."""
        await self._database.run(end_cards, station, chat_id, now)
        self._wake.send()


def _claim(
    session: Session, card_id: int, station: str, chat_id: int, by_id: int, by: str, now: datetime
) -> PressResult:
    card = find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    if card.claimed_at is not None:
        return PressResult.CLAIMED_BEFORE
    missed_cards.take(card, by_id, by, now)
    _show(session, card, now)
    return PressResult.DONE


def _begin_call(
    session: Session, card_id: int, station: str, chat_id: int, by_id: int, by: str, phone: str | None, now: datetime
) -> CallBegun:
    card = find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return CallBegun(PressResult.CLOSED_BEFORE)
    if (number := number_to_call(card)) is None:
        return CallBegun(PressResult.NOT_CALLABLE)
    if card.claimed_at is not None and card.claimed_by_id != by_id:
        return CallBegun(PressResult.CLAIMED_BEFORE)
    if card.rings is not None or (card.called_at is not None and now - card.called_at < CALL_AGAIN_AFTER):
        return CallBegun(PressResult.UNDER_WAY)
    if missed_callers.is_called_elsewhere(session, card, now - CALL_AGAIN_AFTER):
        return CallBegun(PressResult.CALLED_ELSEWHERE)
    if phone is None:
        return CallBegun(PressResult.PHONE_UNKNOWN)
    missed_cards.take(card, by_id, by, now)
    card.rings, card.called_at = phone, now
    _show(session, card, now)
    return CallBegun(PressResult.DONE, number)


def _end_call(session: Session, card_id: int, end: CallEnd, problem: Mapping[str, Any] | None, now: datetime) -> None:
    card = session.get(MissedCard, card_id)
    if card is None or card.rings is None:
        return
    facts = {
        "station": card.station,
        "by": card.claimed_by,
        "phone": card.rings,
        "end": str(end),
        "problem": problem,
        "is_closed": card.closed_at is not None,
    }
    card.rings = None
    if end in (CallEnd.NOT_ANSWERED, CallEnd.REFUSED):
        card.called_at = None
        if card.closed_at is None:
            missed_cards.release(card, now)
    _show(session, card, now)
    if end is not CallEnd.ANSWERED:
        _reply(session, card, "call_not_made", facts, now)


def _end_interrupted_calls(session: Session, now: datetime) -> None:
    for card in missed_callers.ringing(session):
        _end_call(session, card.id, CallEnd.UNKNOWN, None, now)


def _close(
    session: Session,
    card_id: int,
    station: str,
    chat_id: int,
    by: str,
    outcome: CardOutcome,
    now: datetime,
    own_chat: int | None,
) -> PressResult:
    card = find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    cards = {card}
    if own_chat is not None and card.caller and outcome is CardOutcome.CALLED_BACK_BY_HAND:
        cards |= {*missed_callers.open_of(session, station, own_chat, card.caller)}
    for one in cards:
        one.outcome, one.closed_by, one.closed_at = outcome, by[:128], now
        _show(session, one, now)
    return PressResult.DONE


def _open(session: Session, card_id: int, station: str, chat_id: int, now: datetime) -> PressResult:
    card = find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    if card.message is None:
        told = next(row.message for row in gatherings.of_card(session, card) if row.message is not None)
        above = session.get_one(Outgoing, told)
        missed_cards.send(
            session, card, now, thread_id=above.thread_id, masked=above.masked, silent=True, about=above.id
        )
        return PressResult.DONE
    _reply(session, card, "missed_card_here", {"station": station}, now)
    return PressResult.IN_THE_CHAT


def end_cards(session: Session, station: str, chat_id: int, now: datetime) -> None:
    """Close all cards of a chat that is told of no missed calls any more: nobody would close them."""
    for card in missed_callers.recent(session, station, chat_id, now):
        if card.closed_at is None:
            card.outcome, card.closed_at = CardOutcome.NOT_TOLD, now
            _show(session, card, now)


def _reply(session: Session, card: MissedCard, template: str, facts: dict[str, Any], now: datetime) -> None:
    """Queue a reply to the card's own message."""
    above = session.get_one(Outgoing, card.message)
    outbox.enqueue(
        session,
        chat_id=card.chat_id,
        thread_id=above.thread_id,
        template=template,
        facts=facts,
        now=now,
        about=above.id,
        silent=True,
        masked=above.masked,
    )


def _show(session: Session, card: MissedCard, now: datetime) -> None:
    show(session, card, now)
    for row in gatherings.of_card(session, card):
        gatherings.refresh(session, row, now)

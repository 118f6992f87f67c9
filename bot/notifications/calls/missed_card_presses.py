"""Presses on the cards of missed callers."""

from datetime import datetime
from enum import StrEnum

from bot.notifications.calls import gatherings, missed_cards
from bot.notifications.calls.missed_card_message import CardOutcome, show
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import outbox
from bot.store.stations import missed_cards as missed_callers
from bot.store.stations.missed_cards import find
from bot.store.tables.calls import MissedCard
from bot.store.tables.messages import Outgoing


class PressResult(StrEnum):
    DONE = "done"
    CLAIMED_BEFORE = "claimed before"
    CLOSED_BEFORE = "closed before"
    IN_THE_CHAT = "in the chat already"


class MissedCards:
    """Presses on cards. Each method is a transaction; `wake` wakes the delivery worker."""

    def __init__(self, database: Database, wake: Signal) -> None:
        self._database = database
        self._wake = wake

    async def find(self, card_id: int, station: str, chat_id: int) -> MissedCard | None:
        return await self._database.run(find, card_id, station, chat_id)

    async def open(self, card_id: int, station: str, chat_id: int, now: datetime) -> PressResult:
        """Send the card of a caller who is only in a message of several; point to it if it is in the chat already."""
        result = await self._database.run(_open, card_id, station, chat_id, now)
        self._wake.send()
        return result

    async def claim(self, card_id: int, station: str, chat_id: int, by: str, now: datetime) -> PressResult:
        result = await self._database.run(_claim, card_id, station, chat_id, by, now)
        self._wake.send()
        return result

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


def _claim(session: Session, card_id: int, station: str, chat_id: int, by: str, now: datetime) -> PressResult:
    card = find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    if card.claimed_at is not None:
        return PressResult.CLAIMED_BEFORE
    card.claimed_by, card.claimed_at, card.waits_since = by[:128], now, None
    _show(session, card, now)
    return PressResult.DONE


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
    above = session.get_one(Outgoing, card.message)
    outbox.enqueue(
        session,
        chat_id=chat_id,
        thread_id=above.thread_id,
        template="missed_card_here",
        facts={"station": station},
        now=now,
        about=above.id,
        silent=True,
    )
    return PressResult.IN_THE_CHAT


def end_cards(session: Session, station: str, chat_id: int, now: datetime) -> None:
    """Close all cards of a chat that is told of no missed calls any more: nobody would close them."""
    for card in missed_callers.recent(session, station, chat_id, now):
        if card.closed_at is None:
            card.outcome, card.closed_at = CardOutcome.NOT_TOLD, now
            _show(session, card, now)


def _show(session: Session, card: MissedCard, now: datetime) -> None:
    show(session, card, now)
    for row in gatherings.of_card(session, card):
        gatherings.refresh(session, row, now)

"""Presses on the cards of missed callers."""

from datetime import datetime
from enum import StrEnum

from bot.notifications.calls.missed_card_message import CardOutcome, show
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.stations import missed_cards
from bot.store.tables.calls import MissedCard


class PressResult(StrEnum):
    DONE = "done"
    CLAIMED_BEFORE = "claimed before"
    CLOSED_BEFORE = "closed before"


class MissedCards:
    """Presses on cards. Each method is a transaction; `wake` wakes the delivery worker."""

    def __init__(self, database: Database, wake: Signal) -> None:
        self._database = database
        self._wake = wake

    async def find(self, card_id: int, station: str, chat_id: int) -> MissedCard | None:
        return await self._database.run(missed_cards.find, card_id, station, chat_id)

    async def claim(self, card_id: int, station: str, chat_id: int, by: str, now: datetime) -> PressResult:
        result = await self._database.run(_claim, card_id, station, chat_id, by, now)
        self._wake.send()
        return result

    async def close(
        self, card_id: int, station: str, chat_id: int, by: str, outcome: CardOutcome, now: datetime
    ) -> PressResult:
        result = await self._database.run(_close, card_id, station, chat_id, by, outcome, now)
        self._wake.send()
        return result


def _claim(session: Session, card_id: int, station: str, chat_id: int, by: str, now: datetime) -> PressResult:
    card = missed_cards.find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    if card.claimed_at is not None:
        return PressResult.CLAIMED_BEFORE
    card.claimed_by, card.claimed_at = by[:128], now
    show(session, card, now)
    return PressResult.DONE


def _close(
    session: Session, card_id: int, station: str, chat_id: int, by: str, outcome: CardOutcome, now: datetime
) -> PressResult:
    card = missed_cards.find(session, card_id, station, chat_id)
    if card is None or card.closed_at is not None:
        return PressResult.CLOSED_BEFORE
    card.outcome, card.closed_by, card.closed_at = outcome, by[:128], now
    show(session, card, now)
    return PressResult.DONE

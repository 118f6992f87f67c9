"""Message of several missed callers: its facts and buttons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.messages.message import Button, grid, stored
from bot.notifications.calls.missed_card_message import CardOutcome, facts_of
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.calls import CallSubscription, GatheringCause, MissedCard, MissedGathering
from bot.store.tables.messages import Outgoing

# Each caller is a line, and a button while somebody should call them back.
MAX_LINES = 10
BUTTONS_IN_A_ROW = 5
# Nobody called them back, and nobody is to any more.
GIVEN_UP = (CardOutcome.TOO_OLD, CardOutcome.NOT_TOLD)


def send(
    session: Session,
    gathering: MissedGathering,
    subscription: CallSubscription,
    cards: Sequence[MissedCard],
    now: datetime,
    *,
    masked: bool,
) -> None:
    """Queue the message; it makes no sound if nobody is left to call back."""
    row = outbox.enqueue(
        session,
        chat_id=gathering.chat_id,
        thread_id=subscription.thread_id,
        template="missed_gathering",
        facts={},
        now=now,
        silent=all(card.closed_at is not None for card in cards),
        masked=masked,
    )
    gathering.message, gathering.told_at = outbox.id_of(session, row), now
    show(session, gathering, cards, now)


def show(session: Session, gathering: MissedGathering, cards: Sequence[MissedCard], now: datetime) -> None:
    """Queue the current content of the message, if the chat is told."""
    if gathering.message is None:
        return
    lines = _shown(cards)
    numbers = [
        Button(f"{place}", "missed_card.open", {"card": card.id}) for place, card in lines if card.closed_at is None
    ]
    rows = grid(numbers, BUTTONS_IN_A_ROW)
    outbox.show(
        session,
        session.get_one(Outgoing, gathering.message),
        template="missed_gathering",
        facts=_facts(gathering, cards, lines),
        keyboard=new_keyboard(gathering.chat_id, stored(rows), now=now, station=gathering.station) if rows else None,
        now=now,
    )


def _shown(cards: Sequence[MissedCard]) -> list[tuple[int, MissedCard]]:
    """Return the callers that have a line, with a number that they keep: those to call back come first."""
    numbered = list(enumerate(cards, 1))
    first = sorted(numbered, key=lambda one: one[1].closed_at is not None)[:MAX_LINES]
    return sorted(first) if len(cards) <= MAX_LINES else first


def _facts(
    gathering: MissedGathering, cards: Sequence[MissedCard], lines: Sequence[tuple[int, MissedCard]]
) -> dict[str, Any]:
    return {
        "station": gathering.station,
        "storm": gathering.cause == GatheringCause.STORM,
        "calls": sum(caller["calls"] for caller in gathering.callers),
        "callers": len(gathering.callers),
        "open": sum(card.closed_at is None for card in cards),
        "given_up": sum(card.outcome in GIVEN_UP for card in cards),
        "since": gathering.began_at.isoformat(),
        "until": gathering.over_at.isoformat() if gathering.over_at else None,
        "lines": [{"place": place} | facts_of(card) for place, card in lines],
        "more": len(cards) - len(lines),
    }

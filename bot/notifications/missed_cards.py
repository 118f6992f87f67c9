"""Cards of missed callers in the chats that asked for them: opened, changed and closed in the caller's session."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.calls.missed_calls import MissedCall
from bot.calls.missed_cards import CardChange, Closed, Grown, Opened
from bot.messages.message import Button, Rows, mark, stored
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.stations import missed_cards
from bot.store.tables.calls import CallSubscription, MissedCard
from bot.store.tables.messages import Keyboard, Outgoing

# A claim without a call lapses.
CLAIM_LASTS = timedelta(minutes=15)
# A caller whom nobody calls back for so long is not waiting any more.
CARD_LASTS = timedelta(days=7)
MAX_PHONES = 2


class CardOutcome(StrEnum):
    CALLED_BACK = "called_back"
    REACHED_US = "reached_us"
    CALLED_BACK_BY_HAND = "by_hand"
    NOT_NEEDED = "not_needed"
    TOO_OLD = "too_old"


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


def apply(
    session: Session,
    subscription: CallSubscription,
    cards: dict[str, MissedCard],
    changes: Sequence[CardChange],
    now: datetime,
    *,
    masked: bool,
) -> None:
    """Apply the changes of a chat's cards; `cards` are its open ones by caller."""
    for change in changes:
        match change:
            case Opened(caller, misses):
                _open(session, subscription, caller, misses, now, masked=masked)
            case Grown(caller, misses):
                _add(cards[caller], misses)
                show(session, cards[caller], now)
            case Closed(caller, contact, misses):
                card = cards[caller]
                _add(card, misses)
                card.outcome = CardOutcome.CALLED_BACK if contact.ours else CardOutcome.REACHED_US
                card.closed_by, card.closed_at = contact.by[:128], now
                ended = datetime.fromisoformat(card.calls[-1]["end"])
                card.after = max(0, int((contact.start - ended).total_seconds()))
                show(session, card, now)


def apply_time(session: Session, cards: Sequence[MissedCard], now: datetime) -> bool:
    """Release the claims that led to no call, and close the cards that are too old; return True if there were any."""
    changed = False
    for card in cards:
        if card.closed_at is not None:
            continue
        if now - card.opened_at >= CARD_LASTS:
            card.outcome, card.closed_at = CardOutcome.TOO_OLD, now
        elif card.claimed_at is not None and now - card.claimed_at >= CLAIM_LASTS:
            card.claimed_by = card.claimed_at = None
        else:
            continue
        show(session, card, now)
        changed = True
    return changed


def newest_call(card: MissedCard) -> datetime:
    """Return the local start of the newest missed call."""
    return datetime.fromisoformat(card.calls[-1]["start"])


def show(session: Session, card: MissedCard, now: datetime) -> None:
    """Queue the current content of the card's message."""
    row = session.get_one(Outgoing, card.message)
    keyboard = _keyboard(card, now)
    outbox.show(session, row, template="missed_card", facts=facts_of(card), keyboard=keyboard, now=now)


def facts_of(card: MissedCard) -> dict[str, Any]:
    last = card.calls[-1]
    start, end = datetime.fromisoformat(last["start"]), datetime.fromisoformat(last["end"])
    return {
        "station": card.station,
        "number": last["number"] if card.caller else "",
        "name": last["name"],
        "times": len(card.calls),
        "at": last["start"],
        "after_hours": last["after_hours"],
        "rang": last["rang"][:MAX_PHONES],
        "more": max(0, len(last["rang"]) - MAX_PHONES),
        "waited": max(0, int((end - start).total_seconds())),
        "claimed_by": card.claimed_by,
        "claimed_at": card.claimed_at.isoformat() if card.claimed_at else None,
        "outcome": str(card.outcome) if card.outcome else None,
        "closed_by": card.closed_by,
        "after": card.after,
    }


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


def _open(
    session: Session,
    subscription: CallSubscription,
    caller: str,
    misses: Sequence[MissedCall],
    now: datetime,
    *,
    masked: bool,
) -> None:
    row = outbox.enqueue(
        session,
        chat_id=subscription.chat_id,
        thread_id=subscription.thread_id,
        template="missed_card",
        facts={},
        now=now,
        masked=masked,
    )
    card = MissedCard(
        station=subscription.station,
        chat_id=subscription.chat_id,
        caller=caller,
        calls=[],
        message=outbox.id_of(session, row),
        opened_at=now,
    )
    _add(card, misses)
    session.add(card)
    # The buttons name the card.
    session.flush()
    show(session, card, now)


def _add(card: MissedCard, misses: Sequence[MissedCall]) -> None:
    added = [
        {
            "linkedid": miss.linkedid,
            "start": miss.start.isoformat(),
            "end": miss.end.isoformat(),
            "number": miss.number,
            "name": miss.name,
            "after_hours": miss.after_hours,
            "rang": [{"number": number, "name": name} for number, name in miss.rang],
        }
        for miss in misses
    ]
    card.calls = sorted([*card.calls, *added], key=lambda call: call["start"])


def _keyboard(card: MissedCard, now: datetime) -> Keyboard | None:
    rows = _buttons(card)
    return new_keyboard(card.chat_id, stored(rows), now=now, station=card.station) if rows else None


def _buttons(card: MissedCard) -> Rows:
    if card.closed_at is not None:
        return ()
    data = {"card": card.id}
    details = Button(mark("🔍 Details"), "missed_card.details", data)
    not_needed = Button(mark("✖ Not needed"), "missed_card.not_needed", data)
    if not card.caller:
        return ((not_needed, details),)
    first = [Button(mark("✅ Called back"), "missed_card.called_back", data)]
    if card.claimed_at is None:
        first.insert(0, Button(mark("📞 I'll call back"), "missed_card.claim", data))
    return tuple(first), (not_needed, details)

"""Reminders of missed callers whom nobody took."""

from collections.abc import Sequence
from datetime import datetime

from bot.notifications.calls.missed_card_message import caller_facts
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription, MissedCard, MissedGathering
from bot.store.tables.messages import Outgoing

# More callers than these share one reminder.
MAX_AT_ONCE = 3


def is_waiting(card: MissedCard) -> bool:
    """Return True if the caller can be called back, and nobody has taken that."""
    return card.closed_at is None and card.claimed_at is None and card.caller != ""


def of_cards(
    session: Session, subscription: CallSubscription, cards: Sequence[MissedCard], now: datetime, *, masked: bool
) -> None:
    """Remind the chat of callers with cards of their own, once."""
    for card in cards:
        card.reminded_at = now
    if len(cards) > MAX_AT_ONCE:
        _enqueue(session, subscription, cards, min(map(_waits_since, cards)), now, about=None, masked=masked)
        return
    for card in cards:
        _enqueue(session, subscription, [card], _waits_since(card), now, about=card.message, masked=masked)
        card.told_at = now


def of_gathering(
    session: Session,
    subscription: CallSubscription,
    gathering: MissedGathering,
    cards: Sequence[MissedCard],
    now: datetime,
) -> None:
    """Remind the chat of the callers of a gathering that have no cards of their own, once."""
    gathering.reminded_at = now
    masked = session.get_one(Outgoing, gathering.message).masked
    since = gathering.told_at or now
    _enqueue(session, subscription, cards, since, now, about=gathering.message, masked=masked)


def tell_again(
    session: Session, subscription: CallSubscription, card: MissedCard, now: datetime, *, masked: bool
) -> None:
    """Tell the chat that a caller called again."""
    outbox.enqueue(
        session,
        chat_id=card.chat_id,
        thread_id=subscription.thread_id,
        template="missed_again",
        facts=caller_facts(card),
        now=now,
        about=card.message,
        masked=masked,
    )


def _waits_since(card: MissedCard) -> datetime:
    return card.waits_since or card.opened_at


def _enqueue(
    session: Session,
    subscription: CallSubscription,
    cards: Sequence[MissedCard],
    since: datetime,
    now: datetime,
    *,
    about: int | None,
    masked: bool,
) -> None:
    outbox.enqueue(
        session,
        chat_id=subscription.chat_id,
        thread_id=subscription.thread_id,
        template="missed_reminder",
        facts={
            "station": subscription.station,
            "waited": int((now - since).total_seconds()),
            "callers": len(cards),
            "number": cards[0].calls[-1]["number"],
            "name": cards[0].calls[-1]["name"],
        },
        now=now,
        about=about,
        masked=masked,
    )

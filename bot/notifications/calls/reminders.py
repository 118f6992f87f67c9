"""Reminders of missed callers whom nobody took."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription, MissedCard, MissedGathering
from bot.store.tables.messages import Outgoing

# More callers than these share one reminder.
MAX_AT_ONCE = 3


def of_cards(
    session: Session, subscription: CallSubscription, cards: Sequence[MissedCard], now: datetime, *, masked: bool
) -> None:
    """Remind the chat of callers with cards of their own, once."""
    for card in cards:
        card.reminded_at = now
    if len(cards) > MAX_AT_ONCE:
        waiting = min(card.waits_since or now for card in cards)
        facts = _facts(subscription.station, now - waiting, callers=len(cards))
        _enqueue(session, subscription, facts, now, about=None, masked=masked)
        return
    for card in cards:
        last = card.calls[-1]
        facts = _facts(subscription.station, now - (card.waits_since or now))
        facts |= {"number": last["number"] if card.caller else "", "name": last["name"]}
        _enqueue(session, subscription, facts, now, about=card.message, masked=masked)
        card.told_at = now


def of_gathering(
    session: Session, subscription: CallSubscription, gathering: MissedGathering, callers: int, now: datetime
) -> None:
    """Remind the chat of the callers of a gathering that have no cards of their own, once."""
    gathering.reminded_at = now
    facts = _facts(subscription.station, now - (gathering.told_at or now), callers=callers)
    masked = session.get_one(Outgoing, gathering.message).masked
    _enqueue(session, subscription, facts, now, about=gathering.message, masked=masked)


def tell_again(
    session: Session, subscription: CallSubscription, card: MissedCard, now: datetime, *, masked: bool
) -> None:
    """Tell the chat that a caller called again."""
    last = card.calls[-1]
    outbox.enqueue(
        session,
        chat_id=card.chat_id,
        thread_id=subscription.thread_id,
        template="missed_again",
        facts={
            "station": card.station,
            "number": last["number"] if card.caller else "",
            "name": last["name"],
            "times": len(card.calls),
            "at": last["start"],
        },
        now=now,
        about=card.message,
        masked=masked,
    )


def _facts(station: str, waited: timedelta, callers: int = 1) -> dict[str, Any]:
    return {"station": station, "waited": int(waited.total_seconds()), "callers": callers, "number": "", "name": ""}


def _enqueue(
    session: Session,
    subscription: CallSubscription,
    facts: dict[str, Any],
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
        facts=facts,
        now=now,
        about=about,
        masked=masked,
    )

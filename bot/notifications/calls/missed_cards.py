"""Cards of missed callers in the chats that asked for them: opened, changed and closed in the caller's session."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.calls.missed_calls import MissedCall
from bot.calls.missed_cards import CardChange, Closed, Grown, Opened
from bot.notifications.calls.missed_card_message import CardOutcome, show
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription, MissedCard

# A claim without a call lapses.
CLAIM_LASTS = timedelta(minutes=15)
# A caller whom nobody calls back for so long is not waiting any more.
CARD_LASTS = timedelta(days=7)


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

"""Cards of missed callers in the chats that asked for them: opened, changed and closed in the caller's session."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.calls.missed_calls import LaterCall, MissedCall
from bot.calls.missed_cards import Newest
from bot.notifications.calls.missed_card_message import CardOutcome, show
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription, MissedCard

# A claim without a call lapses.
CLAIM_LASTS = timedelta(minutes=15)
# A caller whom nobody calls back for so long is not waiting any more.
CARD_LASTS = timedelta(days=7)


def open_card(
    session: Session, subscription: CallSubscription, caller: str, misses: Sequence[MissedCall], now: datetime
) -> MissedCard:
    """Add the card of a caller, of whom the chat is not told yet."""
    card = MissedCard(
        station=subscription.station, chat_id=subscription.chat_id, caller=caller, calls=[], opened_at=now
    )
    add(card, misses)
    session.add(card)
    # The buttons name the card.
    session.flush()
    return card


def add(card: MissedCard, misses: Sequence[MissedCall]) -> None:
    added = [
        {
            "linkedid": miss.linkedid,
            "start": miss.start.isoformat(),
            "end": miss.end.isoformat(),
            "number": miss.number,
            "name": miss.name,
            "did": miss.did,
            "after_hours": miss.after_hours,
            "rang": [{"number": number, "name": name} for number, name in miss.rang],
            "keys": miss.keys,
        }
        for miss in misses
    ]
    card.calls = sorted([*card.calls, *added], key=lambda call: call["start"])


def close(card: MissedCard, contact: LaterCall, misses: Sequence[MissedCall], now: datetime) -> None:
    """Close the card with the first contact; `misses` came before it and were not yet known."""
    add(card, misses)
    card.closed_by, card.closed_at = contact.by[:128], now
    missed = [call for call in card.calls if call["linkedid"] != contact.linkedid]
    if not missed:
        card.outcome = CardOutcome.ANSWERED
        return
    card.calls = missed
    card.outcome = CardOutcome.CALLED_BACK if contact.ours else CardOutcome.REACHED_US
    ended = datetime.fromisoformat(card.calls[-1]["end"])
    card.after = max(0, int((contact.start - ended).total_seconds()))


def send(
    session: Session,
    card: MissedCard,
    now: datetime,
    *,
    thread_id: int | None,
    masked: bool,
    silent: bool = False,
    about: int | None = None,
) -> None:
    """Queue the card's own message, as a reply to that of the outbox row `about`."""
    row = outbox.enqueue(
        session,
        chat_id=card.chat_id,
        thread_id=thread_id,
        template="missed_card",
        facts={},
        now=now,
        about=about,
        silent=silent,
        masked=masked,
    )
    card.message = outbox.id_of(session, row)
    card.waits_since = None if card.claimed_at else now
    show(session, card, now)


def apply_time(cards: Iterable[MissedCard], now: datetime) -> Iterator[MissedCard]:
    """Release the claims that led to no call, and close the cards that are too old; yield those that changed."""
    for card in cards:
        if card.closed_at is not None:
            continue
        if now - card.opened_at >= CARD_LASTS:
            card.outcome, card.closed_at = CardOutcome.TOO_OLD, now
        elif card.claimed_at is not None and now - card.claimed_at >= CLAIM_LASTS:
            release(card, now)
        else:
            continue
        yield card


def offer_calls(cards: Iterable[MissedCard], *, can_call: bool) -> Iterator[MissedCard]:
    """Offer calls on the open cards while the PBX can be asked to call; yield those that changed."""
    for card in cards:
        if card.closed_at is None and card.can_call != can_call:
            card.can_call = can_call
            yield card


def take(card: MissedCard, by_id: int, by: str, now: datetime) -> None:
    """Note who calls back."""
    card.claimed_by_id, card.claimed_by, card.claimed_at, card.waits_since = by_id, by[:128], now, None


def release(card: MissedCard, now: datetime) -> None:
    """Let others take the card: nobody calls back."""
    card.claimed_by = card.claimed_by_id = card.claimed_at = card.rings = None
    card.waits_since = now


def newest_call(card: MissedCard) -> Newest:
    last = card.calls[-1]
    return Newest(last["linkedid"], datetime.fromisoformat(last["start"]))

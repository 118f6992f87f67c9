"""Message of the card of a missed caller: its facts and buttons."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.messages.message import Button, Rows, mark, stored
from bot.notifications.calls.recording_buttons import APART, recording_buttons
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.calls import MissedCard
from bot.store.tables.messages import Keyboard, Outgoing
from bot.text.phone_numbers import bare

MAX_PHONES = 2
# A caller number can be forged: feature codes, and numbers as short as extensions and services, are not dialled.
CALLABLE = re.compile(r"\+?[0-9]{5,15}")


class CardOutcome(StrEnum):
    CALLED_BACK = "called_back"
    REACHED_US = "reached_us"
    # The call itself, of which the PBX listed late that it was answered.
    ANSWERED = "answered"
    CALLED_BACK_BY_HAND = "by_hand"
    NOT_NEEDED = "not_needed"
    TOO_OLD = "too_old"
    # The chat does not want to be told any more.
    NOT_TOLD = "not_told"


def show(session: Session, card: MissedCard, now: datetime) -> None:
    """Queue the current content of the card's message, if it has one of its own."""
    if card.message is None:
        return
    row = session.get_one(Outgoing, card.message)
    keyboard = _keyboard(card, now)
    outbox.show(session, row, template="missed_card", facts=facts_of(card), keyboard=keyboard, now=now)


def caller_facts(card: MissedCard) -> dict[str, Any]:
    """Return who called, how often, and when last, in the PBX's time."""
    last = card.calls[-1]
    return {
        "station": card.station,
        "number": last["number"] if card.caller else "",
        "name": last["name"],
        "times": len(card.calls),
        "at": last["start"],
    }


def facts_of(card: MissedCard) -> dict[str, Any]:
    """Return all facts of a card, as its message and a line of a gathering show them."""
    last = card.calls[-1]
    start, end = datetime.fromisoformat(last["start"]), datetime.fromisoformat(last["end"])
    return caller_facts(card) | {
        "after_hours": last["after_hours"],
        "rang": last["rang"][:MAX_PHONES],
        "more": max(0, len(last["rang"]) - MAX_PHONES),
        "keys": last.get("keys", ""),
        # What the caller said to the voicemail was no waiting.
        "waited": max(0, int((end - start).total_seconds()) - (last.get("voicemail") or 0)),
        "voicemail": last.get("voicemail"),
        "message": last.get("message", False),
        "claimed_by": card.claimed_by,
        "claimed_at": card.claimed_at.isoformat() if card.claimed_at else None,
        "rings": card.rings,
        "outcome": str(card.outcome) if card.outcome else None,
        "closed_by": card.closed_by,
        "after": card.after,
    }


def number_to_call(card: MissedCard) -> str | None:
    """Return the caller's number as the PBX is to dial it; None if the PBX cannot be asked to call it."""
    number = bare(card.calls[-1]["number"])
    return number if card.can_call and card.caller and CALLABLE.fullmatch(number) else None


def _keyboard(card: MissedCard, now: datetime) -> Keyboard | None:
    rows = _buttons(card)
    return new_keyboard(card.chat_id, stored(rows), now=now, station=card.station) if rows else None


def _buttons(card: MissedCard) -> Rows:
    if card.closed_at is not None:
        return ()
    data = {"card": card.id}
    newest = next((call for call in reversed(card.calls) if call.get("recorded")), None)
    recordings = recording_buttons(newest["linkedid"], newest["recorded"], {APART: True}) if newest else []
    listen: Rows = (tuple(recordings),) if recordings else ()
    details = Button(mark("🔍 Details"), "missed_card.details", data)
    not_needed = Button(mark("✖ Not needed"), "missed_card.not_needed", data)
    if not card.caller:
        return ((not_needed, details), *listen)
    first = [Button(mark("✅ Called back"), "missed_card.called_back", data)]
    if card.claimed_at is None:
        first.insert(0, Button(mark("📞 I'll call back"), "missed_card.claim", data))
    call: Rows = ((Button(mark("☎ Call"), "missed_card.call", data),),) if number_to_call(card) else ()
    return *call, tuple(first), (not_needed, details), *listen

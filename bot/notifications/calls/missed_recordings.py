"""What missed callers left behind on open cards: recordings, which appear after the call, and time in voicemail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.calls.ended_calls import EndedCall
from bot.notifications.calls.missed_card_message import show
from bot.store.database import Session
from bot.store.tables.calls import MissedCard


def note(
    session: Session, cards: Iterable[MissedCard], calls: Mapping[str, EndedCall], now: datetime, *, may_listen: bool
) -> bool:
    """Write what is new in `calls` on the open cards; return True if there is anything. `may_listen`: the chat is
    offered the recordings."""
    changed = False
    for card in cards:
        noted = [
            call | _left_behind(calls[call["linkedid"]], may_listen=may_listen) if call["linkedid"] in calls else call
            for call in card.calls
        ]
        if card.closed_at is None and noted != card.calls:
            card.calls = noted
            show(session, card, now)
            changed = True
    return changed


def _left_behind(call: EndedCall, *, may_listen: bool) -> dict[str, Any]:
    left: dict[str, Any] = {}
    if call.recorded and may_listen:
        left["recorded"] = list(call.recorded)
    if call.voicemail is not None:
        left |= {"voicemail": call.voicemail, "message": call.message}
    return left

"""How many messages the calls of one look become: Telegram takes twenty a minute in a group. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.calls.ended_calls import EndedCall

# Of one look; more calls are listed in one message.
MAX_CARDS = 4
LIST_SIZE = 15
# Of one look, the newest; earlier ones, after an absence, are counted.
MAX_LISTED = 4 * LIST_SIZE


@dataclass(frozen=True, slots=True)
class CallMessage:
    """Message with one call or a list of them, oldest first; `left` were not listed."""

    calls: tuple[EndedCall, ...]
    left: tuple[EndedCall, ...] = ()


def messages_of(calls: Iterable[EndedCall]) -> list[CallMessage]:
    """Return the messages that tell of new calls, in the order of their ends."""
    ordered = tuple(sorted(calls, key=lambda call: (call.end, call.linkedid)))
    if len(ordered) <= MAX_CARDS:
        return [CallMessage((call,)) for call in ordered]
    left, listed = ordered[:-MAX_LISTED], ordered[-MAX_LISTED:]
    parts = [listed[begin : begin + LIST_SIZE] for begin in range(0, len(listed), LIST_SIZE)]
    return [CallMessage(part, () if place else left) for place, part in enumerate(parts)]

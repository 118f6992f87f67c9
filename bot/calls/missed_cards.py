"""What becomes of the cards of missed callers after a look at the call records. Pure.

A card is of one caller, from the first missed call until a contact or until a person closes it. Records are read again
and again: what is known already changes nothing, in whatever order it was listed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.calls.missed_calls import Caller, LaterCall, MissedCall, first_contact, open_misses


@dataclass(frozen=True, slots=True)
class Opened:
    """A caller whom nobody has answered and who has no card; `misses` oldest first."""

    caller: str
    misses: tuple[MissedCall, ...]


@dataclass(frozen=True, slots=True)
class Grown:
    """Further missed calls of a caller with an open card; oldest first."""

    caller: str
    misses: tuple[MissedCall, ...]


@dataclass(frozen=True, slots=True)
class Newest:
    """Newest missed call of an open card, with its local start."""

    linkedid: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """First contact after all missed calls of an open card; `misses` came in between, and were not yet known. The
    contact is the newest of them itself, if the PBX listed late that it was answered."""

    caller: str
    contact: LaterCall
    misses: tuple[MissedCall, ...]


CardChange = Opened | Grown | Closed


def decide(wanted: Mapping[str, Caller], open_cards: Mapping[str, Newest], known: Collection[str]) -> list[CardChange]:
    """Return the changes in the order in which callers were missed, a closed card before the next one of its caller.

    `wanted` are the callers of the records with their contacts, and with the missed calls that the chat wants.
    `open_cards`: the newest missed call by caller. `known`: linkedids of the calls that a card has or had.
    """
    changes: list[CardChange] = []
    for caller, calls in sorted(wanted.items(), key=lambda one: _first_miss(one[1])):
        new = sorted((miss for miss in calls.misses if miss.linkedid not in known), key=lambda miss: miss.start)
        newest = open_cards.get(caller)
        contact = None if newest is None else _contact(calls, newest)
        if newest is not None and contact is not None:
            between = tuple(miss for miss in new if newest.start < miss.start <= contact.start)
            changes.append(Closed(caller, contact, between))
            new = [miss for miss in new if miss not in between]
        if still_open := tuple(open_misses(new, calls.contacts)):
            is_new = newest is None or contact is not None
            changes.append(Opened(caller, still_open) if is_new else Grown(caller, still_open))
    return changes


def _contact(calls: Caller, newest: Newest) -> LaterCall | None:
    itself = next((one for one in calls.contacts if one.linkedid == newest.linkedid), None)
    return itself or first_contact(calls.contacts, newest.start)


def _first_miss(calls: Caller) -> datetime:
    return min((miss.start for miss in calls.misses), default=datetime.max)  # noqa: DTZ901 (the PBX's local time)

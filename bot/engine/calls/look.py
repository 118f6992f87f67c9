"""What a reading of a PBX's call records found, and who takes part in it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.calls.ended_calls import EndedCall
from bot.calls.missed_calls import Caller, MissedCall
from bot.store.database import Session

Callers = Mapping[str, Caller]


@dataclass(frozen=True, slots=True)
class Look:
    """Records of one reading: all calls by linkedid, and the callers with their missed calls and contacts.

    Times are the PBX's local ones.
    """

    calls: Mapping[str, EndedCall]
    callers: Callers

    def confirmed(self, earlier: "Look", going_on: Collection[str]) -> "Look":
        """Return the calls that are as an earlier reading found them, and are over. Contacts are kept."""
        calls = {
            linkedid: call
            for linkedid, call in self.calls.items()
            if earlier.calls.get(linkedid) == call and linkedid not in going_on
        }
        return Look(calls, with_misses(self.callers, lambda miss: miss.linkedid in calls))


class Consumer(Protocol):
    """Takes part in every look at the records of a station. Both run in a transaction of the follower."""

    def has_news(self, session: Session, look: Look, now: datetime) -> bool:
        """Return True if `apply` would tell of a call; then the records are read again first, as the PBX may list the
        legs of a call one after another."""

    def apply(self, session: Session, look: Look, now: datetime) -> bool:
        """Take in the calls of a look; each is read again and again. Return True if a message is queued."""


def with_misses(callers: Callers, kept: Callable[[MissedCall], bool]) -> Callers:
    return {
        number: Caller([miss for miss in caller.misses if kept(miss)], caller.contacts)
        for number, caller in callers.items()
    }

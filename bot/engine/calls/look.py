"""Reading of a PBX's call records: what it found, who takes part in it, and which of it a chat wants and knows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.calls.ended_calls import EndedCall
from bot.calls.missed_calls import Caller, MissedCall
from bot.calls.wish import Wish
from bot.store.database import Session
from bot.store.stations import missed_cards
from bot.store.tables.calls import CallSubscription, MissedCard

# Nothing is told of calls during a longer absence of the bot, or of the PBX.
MAX_ABSENCE = timedelta(hours=24)

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


def wish_of(one: CallSubscription) -> Wish:
    """Return which calls the chat asked for, as rules match them."""
    return Wish(tuple(one.phones), tuple(one.numbers))


def recent_cards(session: Session, station: str, chat_id: int, now: datetime) -> Sequence[MissedCard]:
    """Return the cards of a chat that may have a call that is read now."""
    return missed_cards.recent(session, station, chat_id, now - 2 * MAX_ABSENCE)


def known_calls(cards: Iterable[MissedCard]) -> set[str]:
    """Return the linkedids of the calls on the cards."""
    return {call["linkedid"] for card in cards for call in card.calls}

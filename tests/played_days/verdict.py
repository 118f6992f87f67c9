"""Compare what the chat received with what happened."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from bot.calls.telling import TELL_AGAIN_AFTER
from tests.played_days.calls import PlayedCall
from tests.played_days.office import Shown

CARD = re.compile(r"^(?:🔁 possible repeat\n)?(?P<mark>[🔴✅⚪]) Head office · missed · (?P<who>[^\n]*)")
AGAIN = re.compile(
    r"^(?:🔁 possible repeat\n)?🔴 Head office · (?P<who>[^\n]*) called again, .*, (?P<times>\d+) times missed$"
)
# Many at once share a message; who is in it has no card of that time.
STORM = re.compile(r"^(?:🔁 possible repeat\n)?[🌊✅] Head office · \d+ callers? missed")
IN_STORM = re.compile(r"^\d+\. (?P<mark>[🔴✅⚪]) (?P<who>.*?) · \d\d:\d\d", re.MULTILINE)
TIMES = re.compile(r"^(\d+) times,", re.MULTILINE)
CLOSED = re.compile(r"^(?P<by>\d*) ?(?P<way>called back|called again and reached (?P<reached>\S+)) ?", re.MULTILINE)
# How soon a card comes: after the hang-up if the PBX lists a call in time, otherwise after its last row.
IN_TIME, LISTED_WITHIN, AFTER_LATE = timedelta(seconds=45), timedelta(seconds=10), timedelta(seconds=75)
Told = list[Shown]


@dataclass
class Verdict:
    """`faults` in words. `again`: callers told again when they called much later; `repeats`: messages that may be
    repeated, as they say, after a kill amid the sending."""

    calls: int
    missed: int
    cards: int = 0
    closed: int = 0
    again: int = 0
    storms: int = 0
    repeats: int = 0
    settled_before: int = 0
    slowest: timedelta = timedelta(0)
    faults: list[str] = field(default_factory=list)


@dataclass
class Received:
    """Messages of the chat by caller: cards, notes that a caller called again, and marks in messages of storms."""

    cards: dict[str, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    again: dict[str, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    in_storms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def judge(calls: Sequence[PlayedCall], messages: Sequence[Shown]) -> Verdict:
    verdict = Verdict(len(calls), sum(call.is_missed for call in calls))
    received = _received(verdict, messages)
    by_caller: dict[str, list[PlayedCall]] = defaultdict(list)
    for call in calls:
        if call.is_missed or call.is_contact:
            by_caller[call.caller].append(call)
    for caller in received.cards.keys() | received.again.keys() | by_caller.keys():
        lived, cards, again = by_caller.get(caller, []), received.cards[caller], received.again[caller]
        verdict.again += len(again)
        if caller in received.in_storms:
            faults = [*_faults_in_storms(lived, received.in_storms[caller])]
        elif caller not in by_caller:
            faults = ["told of one who was never missed"]
        else:
            faults = [*_faults(verdict, lived, cards), *_faults_again(again, cards)]
        verdict.faults += [f"{caller or 'withheld'}: {fault}" for fault in faults]
    return verdict


def _received(verdict: Verdict, messages: Sequence[Shown]) -> Received:
    received = Received()
    for message in messages:
        if (said := AGAIN.match(message.text)) and message.may_repeat:
            verdict.repeats += 1
        elif said:
            received.again[_number(said["who"])].append((message.at, int(said["times"])))
        elif card := CARD.match(message.text):
            received.cards[_number(card["who"])].append(message)
        elif STORM.match(message.text):
            verdict.storms += 1
            for line in IN_STORM.finditer(message.text):
                received.in_storms[_number(line["who"])].append(line["mark"])
        else:
            verdict.faults.append(f"no card: {message.text!r}")
    return received


def _faults_in_storms(lived: list[PlayedCall], marks: Sequence[str]) -> Iterator[str]:
    """A caller of a storm was missed, is marked as waiting only while waiting, and as reached only when reached."""
    misses, contacts = [call for call in lived if call.is_missed], [call for call in lived if call.is_contact]
    if not misses:
        yield "in a storm, though never missed"
        return
    last = max(miss.start for miss in misses)
    if "🔴" in marks and any(contact.start > last for contact in contacts):
        yield "waits in the message of a storm, though the caller was reached"
    if "✅" in marks and not any(contact.start > misses[0].start for contact in contacts):
        yield "reached in the message of a storm, though nobody talked to the caller"


def _faults(verdict: Verdict, lived: list[PlayedCall], messages: Told) -> Iterator[str]:
    misses = sorted((call for call in lived if call.is_missed), key=lambda call: call.start)
    contacts = [call for call in lived if call.is_contact]
    repeats = [message for message in messages if message.may_repeat]
    cards = [message for message in messages if message not in repeats]
    verdict.repeats += len(repeats)
    verdict.cards += len(cards)
    unsettled = [miss for miss in misses if not _is_settled_soon(miss, contacts)]
    verdict.settled_before += len(misses) - len(unsettled)
    if not repeats:
        said = sum(_times(card) for card in cards)
        if not len(unsettled) <= said <= len(misses):
            yield f"{said} calls told, {len(unsettled)} to {len(misses)} missed"
        if not _runs(unsettled, contacts, AFTER_LATE) <= len(cards) <= _runs(misses, contacts):
            yield f"{len(cards)} cards"
    open_cards = [card for card in messages if "🔴" in card.text and card.buttons]
    waits = bool(misses) and not any(contact.start > misses[-1].start for contact in contacts)
    # The first of a repeated card was accepted by Telegram right before the kill: nobody knows its number.
    if waits != bool(open_cards[len(repeats) :]) and (waits != bool(open_cards) or len(open_cards) > 1 + len(repeats)):
        yield f"{len(open_cards)} open cards, though the caller {'waits' if waits else 'was reached'}"
    for card in cards:
        miss = _last_before(card.at, misses)
        if miss is None:
            yield f"a card at {card.at} belongs to no call"
            continue
        if card.at > _due(miss):
            yield f"a card at {card.at} was late, the caller hung up at {miss.end}"
        if _is_listed_in_time(miss):
            verdict.slowest = max(verdict.slowest, card.at - miss.end)
        if "🔴" not in card.text:
            verdict.closed += 1
            yield from _closing_faults(card, contacts)


def _faults_again(again: list[tuple[datetime, int]], messages: Told) -> Iterator[str]:
    """`again`: when the chat was told again, and of how many calls. It is told in the order in which they came."""
    for at, times in again:
        before = [message.at for message in messages if message.at < at] + [other for other, _ in again if other < at]
        if not before or at - max(before) < TELL_AGAIN_AFTER:
            yield f"told again at {at}, though it had just been told"
        if times < 2:
            yield f"told again at {at} of the first call"


def _number(who: str) -> str:
    return re.sub(r"\D", "", who)[-10:]


def _closing_faults(card: Shown, contacts: list[PlayedCall]) -> Iterator[str]:
    said = CLOSED.search(card.text)
    if said is None or card.buttons:
        yield f"closed without a reason: {card.text!r}"
        return
    ours, by = said["way"] == "called back", said["by"] or re.sub(r"\D", "", said["reached"] or "")
    if not any((one.way == "outgoing") is ours and one.talked[-10:] == by[-10:] for one in contacts):
        yield f"nobody did what it says: {card.text!r}"


def _times(card: Shown) -> int:
    found = TIMES.search(card.text)
    return int(found[1]) if found else 1


def _is_settled_soon(miss: PlayedCall, contacts: Sequence[PlayedCall]) -> bool:
    """Return True if a later contact was listed so soon that no card was needed, or that it closed the one before."""
    soon = miss.listed_whole + AFTER_LATE
    return any(contact.start >= miss.start and contact.listed_first <= soon for contact in contacts)


def _runs(misses: Sequence[PlayedCall], contacts: Sequence[PlayedCall], known_after: timedelta | None = None) -> int:
    """Return the number of runs of missed calls without a contact in between; with `known_after` only a contact that
    was listed that long before the next missed call ends a run."""

    def separates(contact: PlayedCall, last: PlayedCall, following: PlayedCall) -> bool:
        known = known_after is None or contact.listed_whole + known_after <= following.listed_first
        return last.start < contact.start < following.start and known

    return bool(misses) + sum(any(separates(one, *pair) for one in contacts) for pair in pairwise(misses))


def _last_before(at: datetime, misses: Sequence[PlayedCall]) -> PlayedCall | None:
    return max((miss for miss in misses if miss.end <= at), key=lambda miss: miss.end, default=None)


def _due(miss: PlayedCall) -> datetime:
    return miss.end + IN_TIME if _is_listed_in_time(miss) else miss.listed_whole + AFTER_LATE


def _is_listed_in_time(miss: PlayedCall) -> bool:
    return miss.listed_whole <= miss.end + LISTED_WITHIN

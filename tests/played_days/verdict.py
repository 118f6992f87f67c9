"""Compare the cards that a chat received with what happened."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from bot.calls.telling import TELL_AGAIN_AFTER
from tests.played_days.calls import PlayedCall
from tests.played_days.due import due, is_listed_in_time, is_settled_soon, known_by
from tests.played_days.received import Received, left_out, names, received, times
from tests.played_days.telegram import Shown

CLOSED = re.compile(r"^(?P<by>\d*) ?(?P<way>called back|called again and reached (?P<reached>\S+)) ?", re.MULTILINE)
Calls = Sequence[PlayedCall]


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
    slowest: timedelta = timedelta(0)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Lived:
    """What really happened to one caller, in order."""

    misses: list[PlayedCall]
    contacts: list[PlayedCall]

    @property
    def waits(self) -> bool:
        return bool(self.misses) and not any(one.start > self.misses[-1].start for one in self.contacts)

    @property
    def unsettled(self) -> list[PlayedCall]:
        """The missed calls of which the chat has to be told."""
        return [miss for miss in self.misses if not is_settled_soon(miss, self.contacts)]


def lives(calls: Calls) -> dict[str, Lived]:
    """Return what happened, by caller."""
    found: dict[str, Lived] = defaultdict(lambda: Lived([], []))
    for call in sorted(calls, key=lambda one: one.start):
        if call.is_missed:
            found[call.caller].misses.append(call)
        elif call.is_contact:
            found[call.caller].contacts.append(call)
    return found


def judge(
    calls: Calls,
    messages: Sequence[Shown],
    *,
    has_own_card: Callable[[PlayedCall], bool] = lambda miss: True,
    are_taken: bool = False,
) -> Verdict:
    """Judge the cards. `has_own_card`: the chat is told of the missed call at once, and not with others; `are_taken`:
    people take cards there, and are not told again of the callers of these."""
    verdict, told = Verdict(len(calls), sum(call.is_missed for call in calls)), received(messages)
    verdict.faults += [f"no card: {message.text!r}" for message in told.others]
    verdict.storms, verdict.repeats = len(told.storms), len(told.again_repeated)
    lived_by = lives(calls)
    for caller in {*told.cards, *told.again, *told.marks, *lived_by}:
        lived, cards = lived_by.get(caller, Lived([], [])), told.cards[caller]
        verdict.again += len(told.again[caller])
        if not lived.misses and not lived.contacts:
            faults = ["told of one who never called"]
        elif _may_share(told, caller, lived) or not all(map(has_own_card, lived.misses)):
            faults = [*_faults_of_cards(verdict, lived, cards), *_faults_of_marks(lived, told, caller)]
            faults += [
                f"not told of {miss.linkedid}"
                for miss in filter(has_own_card, lived.unsettled)
                if not _is_told(told, caller, miss, lived)
            ]
        else:
            faults = [*_faults_of_cards(verdict, lived, cards), *_faults_of_counts(lived, cards)]
            faults += _faults_again(told.again[caller], cards)
            if not are_taken and caller not in told.again_repeated and not any(card.may_repeat for card in cards):
                faults += _not_told_again(lived, [card.at for card in cards] + [at for at, _ in told.again[caller]])
        verdict.faults += [f"{caller or 'withheld'}: {fault}" for fault in faults]
    return verdict


def _may_share(told: Received, caller: str, lived: Lived) -> bool:
    """Return True if a message of several has the caller, or may have: not all have a line."""
    return caller in told.marks or any(
        left_out(storm) and storm.at <= due(miss) and miss.listed_first <= storm.texts[-1][0]
        for storm in told.storms
        for miss in lived.misses
    )


def _faults_of_counts(lived: Lived, messages: Sequence[Shown]) -> Iterator[str]:
    """Check that each missed call is on one card."""
    repeats = [message for message in messages if message.may_repeat]
    cards = [message for message in messages if not message.may_repeat]
    unsettled = lived.unsettled
    if not repeats:
        said = sum(map(times, cards))
        if not len(unsettled) <= said <= len(lived.misses):
            yield f"{said} calls told, {len(unsettled)} to {len(lived.misses)} missed"
        if not _runs(unsettled, lived.contacts, known=True) <= len(cards) <= _runs(lived.misses, lived.contacts):
            yield f"{len(cards)} cards"
    open_cards = [card for card in messages if _is_open(card)]
    waits = lived.waits
    # The first of a repeated card was accepted by Telegram right before the kill: nobody knows its number.
    if waits != bool(open_cards[len(repeats) :]) and (waits != bool(open_cards) or len(open_cards) > 1 + len(repeats)):
        yield f"{len(open_cards)} open cards, though the caller {'waits' if waits else 'was reached'}"


def _faults_of_cards(verdict: Verdict, lived: Lived, messages: Sequence[Shown]) -> Iterator[str]:
    """Check that each card belongs to a missed call, came in time, and is closed by the one who talked."""
    cards = [message for message in messages if not message.may_repeat]
    verdict.repeats += len(messages) - len(cards)
    verdict.cards += len(cards)
    for card in cards:
        miss = _last_before(card.at, lived.misses)
        if miss is None:
            yield f"a card at {card.at} belongs to no call"
            continue
        if card.at > due(miss):
            yield f"a card at {card.at} was late, the caller hung up at {miss.end}"
        if is_listed_in_time(miss):
            verdict.slowest = max(verdict.slowest, card.at - miss.end)
        if "🔴" not in card.text:
            verdict.closed += 1
            yield from _closing_faults(card, lived.contacts)


def _faults_of_marks(lived: Lived, told: Received, caller: str) -> Iterator[str]:
    """A caller of a message of several was missed, is marked as waiting only while waiting, and as reached only when
    reached; so is their card, if they got one."""
    marks, cards = told.marks[caller], told.cards[caller]
    if not lived.misses:
        yield "in a message of several, though never missed"
        return
    if "🔴" in marks and not lived.waits:
        yield "waits in a message of several, though the caller was reached"
    if "✅" in marks and not any(one.start > lived.misses[0].start for one in lived.contacts):
        yield "reached in a message of several, though nobody talked to the caller"
    open_cards, repeats = sum(map(_is_open, cards)), sum(card.may_repeat for card in cards)
    if open_cards > lived.waits + repeats:
        yield f"{open_cards} open cards, though the caller {'waits' if lived.waits else 'was reached'}"


def _is_told(told: Received, caller: str, miss: PlayedCall, lived: Lived) -> bool:
    """Return True if the chat heard of the caller since the last contact that was known before."""
    since = max(
        (one.start for one in lived.contacts if one.start < miss.start and known_by(one) <= miss.listed_first),
        default=lived.misses[0].start,
    )
    heard = [*(card.at for card in told.cards[caller]), *(at for at, _ in told.again[caller])]
    shared = (one for one in (*told.openings, *told.storms) if names(one, caller))
    return any(since <= at <= due(miss) for at in heard) or any(
        one.at <= due(miss) and since <= one.texts[-1][0] for one in shared
    )


def _faults_again(again: list[tuple[datetime, int]], messages: Sequence[Shown]) -> Iterator[str]:
    """`again`: when the chat was told again, and of how many calls. It is told in the order in which they came."""
    for at, said in again:
        before = [message.at for message in messages if message.at < at] + [other for other, _ in again if other < at]
        if not before or at - max(before) < TELL_AGAIN_AFTER:
            yield f"told again at {at}, though it had just been told"
        if said < 2:
            yield f"told again at {at} of the first call"


def _not_told_again(lived: Lived, heard: Sequence[datetime]) -> Iterator[str]:
    """`heard`: when the chat was told of the caller with a sound."""
    for miss in lived.unsettled:
        before = max((at for at in heard if at < miss.listed_first), default=None)
        in_time = any(miss.listed_first <= at <= due(miss) for at in heard)
        if before is not None and miss.listed_first - before >= TELL_AGAIN_AFTER and not in_time:
            yield f"not told again of {miss.linkedid}"


def _closing_faults(card: Shown, contacts: Calls) -> Iterator[str]:
    said = CLOSED.search(card.text)
    if said is None or card.buttons:
        yield f"closed without a reason: {card.text!r}"
        return
    ours, by = said["way"] == "called back", said["by"] or re.sub(r"\D", "", said["reached"] or "")
    if not any((one.way == "outgoing") is ours and one.talked[-10:] == by[-10:] for one in contacts):
        yield f"nobody did what it says: {card.text!r}"


def _is_open(card: Shown) -> bool:
    return "🔴" in card.text and bool(card.buttons)


def _runs(misses: Calls, contacts: Calls, *, known: bool = False) -> int:
    """Return the number of runs of missed calls without a contact in between; with `known` only a contact that was
    surely known before the next missed call ends a run."""

    def separates(contact: PlayedCall, last: PlayedCall, following: PlayedCall) -> bool:
        was_known = not known or known_by(contact) <= following.listed_first
        return last.start < contact.start < following.start and was_known

    return bool(misses) + sum(any(separates(one, *pair) for one in contacts) for pair in pairwise(misses))


def _last_before(at: datetime, misses: Calls) -> PlayedCall | None:
    return max((miss for miss in misses if miss.end <= at), key=lambda miss: miss.end, default=None)

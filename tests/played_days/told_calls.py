"""Compare the messages about ended calls, of a chat that is told of every one or of voicemail, with what happened."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tests.played_days.calls import PlayedCall
from tests.played_days.due import due, is_listed_in_time
from tests.played_days.received import REPEAT, number_in
from tests.played_days.telegram import Shown

CARD = re.compile(
    REPEAT + r"(?P<mark>[📼📥🔴]) Head office · (?P<state>left a message · |reached the voicemail · |missed · )?"
    r"(?P<who>[^\n]*?)(?: → (?P<by>[^\n]*))?\n(?:\w+ \d+ )?(?P<at>\d\d:\d\d)"
)
LIST = re.compile(REPEAT + r"📋 Head office · (?P<count>\d+) calls\n")
LINE = re.compile(
    r"^\d+\. (?P<mark>[📥🔴]) (?:\w+ \d+ )?(?P<at>\d\d:\d\d)(?P<who>.*?)(?: → (?P<by>.*?))? · (?:missed|\d)"
    r".*?(?P<state>left a message|reached the voicemail)?$",
    re.MULTILINE,
)
LISTEN = "🎧"


class Told(NamedTuple):
    """A call as a message tells it: `by` is empty for a missed one, `mailed` for one that did not reach voicemail."""

    caller: str
    at: str
    by: str
    mailed: str


class Place(NamedTuple):
    """Message in which a call is told. Only a card offers the recording."""

    message: Shown
    is_card: bool


@dataclass
class ToldVerdict:
    """`told`: calls that have to be told. `lists`: messages of several calls."""

    told: int
    lists: int = 0
    repeats: int = 0
    slowest: timedelta = timedelta(0)
    faults: list[str] = field(default_factory=list)


def judge_told(calls: Sequence[PlayedCall], messages: Sequence[Shown]) -> ToldVerdict:
    """Judge the messages of a chat that has to be told of these calls and of no others."""
    verdict, told = ToldVerdict(len(calls)), defaultdict[Told, list[Place]](list)
    for message in _known(messages):
        found = [*_told_in(message)]
        verdict.lists += len(found) > 1
        verdict.repeats += message.may_repeat
        if not found:
            verdict.faults.append(f"no call: {message.text!r}")
        if not message.silent:
            verdict.faults.append(f"told with a sound: {message.text!r}")
        for one in found:
            told[one].append(Place(message, is_card=len(found) == 1))
    truth = defaultdict[Told, list[PlayedCall]](list)
    for call in calls:
        truth[_truth(call)].append(call)
    for one in {*told, *truth}:
        verdict.faults += [f"{one}: {fault}" for fault in _faults(verdict, truth[one], told[one])]
    return verdict


def _known(messages: Sequence[Shown]) -> list[Shown]:
    """Leave out the first of each message that says it may be a repeat: nobody knows its number, to change it."""
    lost = set[int]()
    for repeat in (message for message in messages if message.may_repeat):
        same = [one.number for one in messages if one.number < repeat.number and _calls_in(one) == _calls_in(repeat)]
        lost.update(same[-1:])
    return [message for message in messages if message.number not in lost]


def _calls_in(message: Shown) -> list[tuple[str, str]]:
    return [(one.caller, one.at) for one in _told_in(message)]


def _faults(verdict: ToldVerdict, calls: list[PlayedCall], told: list[Place]) -> Iterator[str]:
    """`calls` cannot be told apart in a message."""
    if len(told) != len(calls):
        yield f"told {len(told)} times, though it happened {len(calls)} times"
        return
    for call, place in zip(sorted(calls, key=lambda one: one.end), told, strict=True):
        is_repeat = place.message.may_repeat
        if not call.listed_first <= place.message.at <= due(call) and not is_repeat:
            yield f"told at {place.message.at}, the caller hung up at {call.end}"
        if is_listed_in_time(call) and not is_repeat:
            verdict.slowest = max(verdict.slowest, place.message.at - call.end)
        offered = any(label.startswith(LISTEN) for label in place.message.buttons)
        if place.is_card and offered != call.is_recorded:
            yield f"the recording is {'offered' if offered else 'not offered'}"


def _told_in(message: Shown) -> Iterator[Told]:
    if card := CARD.match(message.text):
        missed = card["mark"] == "🔴" or not card["by"]
        yield _told(card, by="" if missed else card["by"])
    elif listed := LIST.match(message.text):
        found = [*LINE.finditer(message.text)]
        if len(found) == int(listed["count"]):
            for line in found:
                yield _told(line, by="" if line["mark"] == "🔴" else line["by"])


def _told(said: re.Match[str], *, by: str) -> Told:
    state = (said["state"] or "").removesuffix(" · ")
    return Told(number_in(said["who"]), said["at"], number_in(by.split(" → ")[0]), "" if state == "missed" else state)


def _truth(call: PlayedCall) -> Told:
    mailed = ("left a message" if call.left_message else "reached the voicemail") if call.reached_voicemail else ""
    return Told(call.caller, f"{call.start:%H:%M}", call.talked[-10:], mailed)

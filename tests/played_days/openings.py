"""Compare what a chat with hours received with what happened: silence outside, and one message at the opening."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from tests.played_days.calls import PlayedCall
from tests.played_days.due import due, known_by, maybe_reached, surely_reached
from tests.played_days.hours import Hours
from tests.played_days.received import CLOSED, MORE, lines, received
from tests.played_days.telegram import Shown
from tests.played_days.verdict import Lived, lives

# The program looks twice a minute, and a second time at a call that is new.
AT_ONCE = timedelta(seconds=45)


def told_at_once(hours: Hours) -> Callable[[PlayedCall], bool]:
    """Return whether a missed call surely came, and was known, within the hours."""
    return lambda miss: hours.include(miss.end) and hours.include(due(miss))


def judge_openings(calls: Sequence[PlayedCall], messages: Sequence[Shown], hours: Hours) -> list[str]:
    """Return the faults."""
    faults = [
        f"a sound at {message.at}: {message.text!r}"
        for message in messages
        if not message.silent and not hours.include(message.at)
    ]
    lived_by, told = lives(calls), received(messages).openings
    for opens in hours.openings:
        at_opening = [one for one in told if opens <= one.at <= opens + AT_ONCE]
        told = [one for one in told if one not in at_opening]
        faults += [f"opening at {opens}: {fault}" for fault in _faults(lived_by, at_opening, opens, hours)]
    return faults + [f"told of the night at {one.at}" for one in told]


def _faults(lived_by: dict[str, Lived], told: list[Shown], opens: datetime, hours: Hours) -> Iterator[str]:
    perhaps, surely = (_night(lived_by, opens, hours, within) for within in (any, all))
    least, most = (sum(map(len, night.values())) for night in (surely, perhaps))
    said = [one for one in told if not one.may_repeat] or told[:1]
    if len(said) > 1 or (least and not said):
        yield f"{len(said)} messages, though {least} calls wait"
        return
    for one in said:
        found = CLOSED.match(one.first_text)
        assert found is not None
        if not least <= int(found["calls"]) <= most:
            yield f"{found['calls']} calls, though {least} to {most} came"
        reached, waits = set[str](), set[str]()
        for caller, misses in perhaps.items():
            last, contacts = misses[-1], lived_by[caller].contacts
            if surely_reached(last, contacts, opens):
                reached.add(caller)
            elif last in surely.get(caller, ()) and not maybe_reached(last, contacts, one.at):
                waits.add(caller)
        if not len(waits) <= int(found["open"] or 0) <= len(perhaps) - len(reached):
            yield f"{found['open']} to call back, though {len(waits)} to {len(perhaps) - len(reached)} wait"
        yield from _faults_of_lines(one.first_text, set(perhaps), waits, reached)


def _faults_of_lines(text: str, called: set[str], waits: set[str], reached: set[str]) -> Iterator[str]:
    shown = {caller for mark, caller in lines(text) if mark == "🔴"}
    if strangers := {caller for _, caller in lines(text)} - called:
        yield f"names {strangers}, who did not call"
    if shown & reached:
        yield f"{shown & reached} wait, though somebody talked to them"
    if not MORE.search(text) and waits - shown:
        yield f"{waits - shown} are not named as waiting"


def _night(
    lived_by: dict[str, Lived], opens: datetime, hours: Hours, within: Callable[[Iterator[bool]], bool]
) -> dict[str, list[PlayedCall]]:
    """Return the missed calls, by caller, of which the chat is told at this opening. A call near an edge of the hours
    ends on one side of it, and is known on the other: `within` says whether any of these moments counts, or all."""

    def waits(miss: PlayedCall) -> bool:
        moments = (miss.end, miss.listed_first, known_by(miss))
        return miss.listed_first <= opens and within(hours.opening_after(moment) == opens for moment in moments)

    found = {caller: [*filter(waits, lived.misses)] for caller, lived in lived_by.items()}
    if within is all:
        found = {
            caller: [miss for miss in misses if miss in lived_by[caller].unsettled] for caller, misses in found.items()
        }
    return {caller: misses for caller, misses in found.items() if misses}

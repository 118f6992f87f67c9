"""Ended call as its card shows it: who called, whom they reached, how long it took, and where a recording is. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bot.calls.outcome import (
    VOICEMAIL,
    Outcome,
    answered_leg,
    came_after_hours,
    end_of,
    is_answered_by_person,
    leg_outcome,
    outcome,
    phones_that_rang,
    talk_seconds,
)
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import Direction, direction


@dataclass(frozen=True, slots=True)
class EndedCall:
    """Ended call. Phones are numbers with names; `by`: who answered first, `passed_to`: who spoke after them. Seconds:
    `waited` until the answer, or the end; `voicemail` spent there, with its greeting, None if not reached; `message`:
    it has a recording, so one was left. `recorded`: places of the legs with a recording. Recordings appear later, so
    two readings of a call are equal without them."""

    linkedid: str
    direction: Direction
    outcome: Outcome
    start: datetime
    end: datetime
    number: str
    name: str
    did: str
    after_hours: bool
    rang: tuple[tuple[str, str], ...]
    by: tuple[str, str] | None
    passed_to: tuple[tuple[str, str], ...]
    waited: int
    talk: int
    voicemail: int | None
    message: bool = field(compare=False)
    recorded: tuple[int, ...] = field(compare=False)


def ended_call(record: CallRecord) -> EndedCall | None:
    """Return the call of a record; None for one without a time."""
    if record.start is None:
        return None
    end, answered = end_of(record, record.start), answered_leg(record)
    answer = answered.answer if answered else None
    spoke = list(dict.fromkeys(_spoke(record)))
    return EndedCall(
        linkedid=record.linkedid,
        direction=direction(record),
        outcome=outcome(record),
        start=record.start,
        end=end,
        number=record.source_number,
        name=record.source_name,
        did=record.did,
        after_hours=came_after_hours(record),
        rang=phones_that_rang(record),
        by=spoke[0] if spoke else None,
        passed_to=tuple(spoke[1:]),
        waited=max(0, int(((answer or end) - record.start).total_seconds())),
        talk=talk_seconds(record),
        voicemail=_voicemail(record),
        message=any(leg.is_recorded for leg in record.legs if leg.destination_number == VOICEMAIL),
        recorded=recorded_legs(record),
    )


def recorded_legs(record: CallRecord) -> tuple[int, ...]:
    """Return the places of the legs with a recording."""
    return tuple(place for place, leg in enumerate(record.legs) if leg.is_recorded)


def _spoke(record: CallRecord) -> Iterator[tuple[str, str]]:
    for leg in record.legs:
        if is_answered_by_person(leg):
            yield leg.destination_number, leg.destination_name


def _voicemail(record: CallRecord) -> int | None:
    reached = [leg for leg in record.legs if leg.destination_number == VOICEMAIL]
    listened = [leg.talk_seconds for leg in reached if leg.is_recorded or leg_outcome(leg) is Outcome.ANSWERED]
    return max(listened, default=None)

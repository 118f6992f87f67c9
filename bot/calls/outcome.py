"""Outcome, answering party and talk time of a call. Pure.

A call is one record per `linkedid`, with one or more legs. The PBX's grouped fields mislead: the number of an incoming
call is the DID, and its seconds are sums over legs, which count a transferred minute twice.
"""

from datetime import datetime
from enum import StrEnum
from itertools import chain

from bot.pbx import CallRecord, CallRecordLeg
from bot.pbx.resources.record_models import Direction, direction
from bot.pbx.resources.trunk_models import PREFIXES

# Destinations that are answered by the PBX itself, not by a person.
AFTER_HOURS, VOICEMAIL = "outworktimes", "voicemail"
PSEUDO_NUMBERS = frozenset({AFTER_HOURS, VOICEMAIL, "hangup", "busy", "did2user"})


class Outcome(StrEnum):
    """Outcome of a call. `missed` is incoming only; the four after it are of internal and outgoing calls."""

    ANSWERED = "answered"
    MISSED = "missed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


# Dispositions as stored by the PBX, raw dial statuses of Asterisk among them.
OUTCOMES = {
    "NOANSWER": Outcome.NO_ANSWER,
    "NO ANSWER": Outcome.NO_ANSWER,
    "CANCEL": Outcome.NO_ANSWER,
    "BUSY": Outcome.BUSY,
    "CHANUNAVAIL": Outcome.UNAVAILABLE,
    "FAILED": Outcome.FAILED,
    "CONGESTION": Outcome.FAILED,
}


def trunk_of(record: CallRecord) -> str:
    """Return the id of the trunk by which the call came, otherwise of that by which it went out; empty for an internal
    call."""
    accounts = chain((leg.from_account for leg in record.legs), (leg.to_account for leg in record.legs))
    return next((account for account in accounts if account.startswith(PREFIXES)), "")


def is_by_machine(leg: CallRecordLeg) -> bool:
    """Return True if the PBX itself answered: a greeting, an IVR menu, a queue."""
    return leg.is_app == "1" or leg.destination_number in PSEUDO_NUMBERS


def is_answered_by_person(leg: CallRecordLeg) -> bool:
    return leg.disposition.upper() == "ANSWERED" and not is_by_machine(leg)


def answered_leg(record: CallRecord) -> CallRecordLeg | None:
    """Return the first leg that a person answered."""
    return next((leg for leg in record.legs if is_answered_by_person(leg)), None)


def outcome(record: CallRecord) -> Outcome:
    if answered_leg(record) is not None or (record.answered and not record.legs):
        return Outcome.ANSWERED
    return Outcome.MISSED if direction(record) is Direction.INCOMING else failure_outcome(record)


def failure_outcome(record: CallRecord) -> Outcome:
    """Return the outcome of an unanswered call, by its disposition."""
    return OUTCOMES.get(record.disposition.strip().upper(), Outcome.NO_ANSWER)


def leg_outcome(leg: CallRecordLeg) -> Outcome:
    disposition = leg.disposition.strip().upper()
    return Outcome.ANSWERED if disposition == "ANSWERED" else OUTCOMES.get(disposition, Outcome.NO_ANSWER)


def came_after_hours(record: CallRecord) -> bool:
    return any(leg.destination_number == AFTER_HOURS for leg in record.legs)


def end_of(record: CallRecord, start: datetime) -> datetime:
    """Return the end of the last leg; `start` if no leg has one."""
    return max((leg.end for leg in record.legs if leg.end), default=start)


def phones_that_rang(record: CallRecord) -> tuple[tuple[str, str], ...]:
    """Return numbers and names of the queues and phones that rang, each once."""
    rang = ((leg.destination_number, leg.destination_name) for leg in record.legs)
    return tuple(dict.fromkeys(phone for phone in rang if phone[0] and phone[0] not in PSEUDO_NUMBERS))


def talk_seconds(record: CallRecord) -> int:
    """Return the length of the union of all talk: legs of a transferred call are consecutive, parallel legs overlap."""
    talks = [leg for leg in record.legs if is_answered_by_person(leg)]
    spans = sorted((leg.answer, leg.end) for leg in talks if leg.answer and leg.end)
    if not spans or len(talks) == 1:
        # The PBX's count for a single leg, so that the call and its leg show the same value.
        return max((leg.talk_seconds for leg in talks), default=0 if record.legs else record.talk_seconds)
    total, until = 0.0, spans[0][0]
    for begin, end in spans:
        total += max(0.0, (end - max(begin, until)).total_seconds())
        until = max(until, end)
    return round(total)


def wait_seconds(record: CallRecord) -> int:
    """Return how long the caller of an incoming call waited: until a person answered, or else until the call went to
    voicemail or ended; 0 after hours, when nobody is there to answer."""
    if record.start is None or direction(record) is not Direction.INCOMING or came_after_hours(record):
        return 0
    answered = answered_leg(record)
    voicemail = next((leg for leg in record.legs if leg.destination_number == VOICEMAIL), None)
    if answered is not None:
        until = answered.answer
    elif voicemail is not None:
        until = voicemail.start
    else:
        until = end_of(record, record.start)
    return max(0, int((until - record.start).total_seconds())) if until else 0


def employees_in(record: CallRecord) -> tuple[str, ...]:
    """Return extensions that took part: the caller and those that answered, not all that rang."""
    caller = [] if direction(record) is Direction.INCOMING else [record.source_number]
    answered = [leg.destination_number for leg in record.legs if is_answered_by_person(leg) and _is_own(leg.to_account)]
    return tuple(dict.fromkeys(number for number in caller + answered if number))


def _is_own(account: str) -> bool:
    return not account.startswith(PREFIXES)

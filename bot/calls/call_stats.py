"""Aggregate the calls of a period in one pass, with counters only. Pure.

`missed` is an incoming call that no person answered, independent of its disposition; failures of employees' own calls
are counted separately. The PBX's figures use the disposition of the whole call and are kept alongside.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.calls.outcome import (
    Outcome,
    came_after_hours,
    employees_in,
    outcome,
    talk_seconds,
    trunk_of,
    wait_seconds,
)
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import CallRecordLeg, Direction, direction

NOT_ANSWERED = frozenset({"NOANSWER", "NO ANSWER"})
BARS = "▁▂▃▄▅▆▇█"


@dataclass(slots=True)
class Average:
    """Average talk time, in seconds."""

    calls: int = 0
    seconds: int = 0

    def add(self, seconds: int) -> None:
        self.calls += 1
        self.seconds += seconds

    @property
    def value(self) -> int:
        return self.seconds // self.calls if self.calls else 0


@dataclass(slots=True)
class PbxFigures:
    """Calls, answered, missed and average talk time as in the PBX's manual: by disposition of the whole call. Busy,
    failed, cancelled and unavailable calls count in `calls` only."""

    calls: int = 0
    missed: int = 0
    talk: Average = field(default_factory=Average)

    def add(self, record: CallRecord) -> None:
        self.calls += 1
        if record.answered:
            self.talk.add(record.talk_seconds)
        self.missed += record.disposition.upper() in NOT_ANSWERED

    @property
    def answered(self) -> int:
        return self.talk.calls


@dataclass(slots=True)
class TrunkTally:
    incoming: int = 0
    outgoing: int = 0
    answered: int = 0
    missed: int = 0


@dataclass(slots=True)
class EmployeeTally:
    name: str = ""
    called: int = 0
    answered: int = 0
    talk: int = 0


@dataclass(slots=True)
class CallStats:
    pbx: PbxFigures = field(default_factory=PbxFigures)
    directions: Counter[Direction] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    answered_incoming: int = 0
    after_hours: int = 0
    talk: Average = field(default_factory=Average)
    longest: int = 0
    longest_wait: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    callers: Counter[str] = field(default_factory=Counter)
    caller_names: dict[str, str] = field(default_factory=dict)
    trunks: dict[str, TrunkTally] = field(default_factory=dict)
    employees: dict[str, EmployeeTally] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.directions.total()

    @property
    def answer_rate(self) -> int | None:
        return self.rate(self.answered_incoming, self.directions[Direction.INCOMING])

    @staticmethod
    def rate(answered: int, incoming: int) -> int | None:
        """Return percent of incoming calls, rounded down, so that 100 means all; None without any."""
        return answered * 100 // incoming if incoming else None

    @property
    def busiest_hour(self) -> int | None:
        """Return the hour with most calls, the earliest of equals."""
        return max(self.hours, key=lambda hour: (self.hours[hour], -hour), default=None)

    def add(self, record: CallRecord) -> None:
        way, result, talked = direction(record), outcome(record), talk_seconds(record)
        self.pbx.add(record)
        self.directions[way] += 1
        self.outcomes[result] += 1
        if record.start is not None:
            self.hours[record.start.hour] += 1
        if result is Outcome.ANSWERED:
            self.talk.add(talked)
            self.longest = max(self.longest, talked)
        elif result is Outcome.MISSED:
            self.after_hours += came_after_hours(record)
        if way is Direction.INCOMING:
            self.answered_incoming += result is Outcome.ANSWERED
            self.longest_wait = max(self.longest_wait, wait_seconds(record))
            self.callers[record.source_number] += 1
            if record.source_name:
                self.caller_names[record.source_number] = record.source_name
        self._add_trunk(record, way, result)
        self._add_employees(record, way, talked)

    def _add_trunk(self, record: CallRecord, way: Direction, result: Outcome) -> None:
        if not (trunk := trunk_of(record)):
            return
        row = self.trunks.setdefault(trunk, TrunkTally())
        row.incoming += way is Direction.INCOMING
        row.outgoing += way is Direction.OUTGOING
        row.answered += result is Outcome.ANSWERED
        row.missed += result is Outcome.MISSED

    def _add_employees(self, record: CallRecord, way: Direction, talked: int) -> None:
        for number in employees_in(record):
            row = self.employees.setdefault(number, EmployeeTally())
            row.name = _name_of(record, number) or row.name
            if way is not Direction.INCOMING and number == record.source_number:
                row.called += 1
                row.talk += talked
            else:
                row.answered += 1
                row.talk += sum(leg.talk_seconds for leg in record.legs if _was_answered_by(leg, number))


async def compute_stats(records: AsyncIterator[CallRecord]) -> CallStats:
    counted = CallStats()
    async for record in records:
        counted.add(record)
    return counted


def bars(hours: Counter[int]) -> str:
    """Return a bar for each hour of the day; an hour with one call is higher than an empty one."""
    peak = max(hours.values(), default=0)
    return "".join(BARS[-(-hours[hour] * (len(BARS) - 1) // peak) if peak else 0] for hour in range(24))


def _was_answered_by(leg: CallRecordLeg, number: str) -> bool:
    return leg.destination_number == number and leg.disposition.upper() == "ANSWERED"


def _name_of(record: CallRecord, number: str) -> str:
    if record.source_number == number and record.source_name:
        return record.source_name
    return next((leg.destination_name for leg in record.legs if leg.destination_number == number), "")

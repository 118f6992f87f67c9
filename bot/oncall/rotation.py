"""Rotations of people. Pure.

Hand-overs are computed in local time, for hours too: one at 08:00 and 20:00 stays so all year, and on the two nights of
a clock change a shift is an hour shorter or longer. A skipped hand-over time happens at the transition, a repeated one
the first time. A shift wholly within a skipped hour is empty: no one has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.oncall.local_time import moment, wall_of, zone_named


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"


@dataclass(frozen=True, slots=True)
class Shift:
    """Length of one shift, and the local time in `zone` at which the first one begins."""

    unit: Unit
    length: int
    begins: datetime
    zone: str

    def __post_init__(self) -> None:
        if self.length < 1 or self.begins.tzinfo is not None:
            raise ValueError("length must be at least 1, begins must be naive local time")

    @property
    def lasts(self) -> timedelta:
        """Length in local time."""
        return timedelta(**{self.unit: self.length})

    def begin_of(self, number: int) -> datetime:
        """Return the beginning of shift `number`, in UTC."""
        return moment(self.begins + number * self.lasts, zone_named(self.zone))

    def number_at(self, at: datetime) -> int:
        """Return the number of the shift at `at`; negative before the first one."""
        number = (wall_of(at, zone_named(self.zone)) - self.begins) // self.lasts
        # Local time may repeat or skip: compare UTC times.
        while self.begin_of(number) > at:
            number -= 1
        while self.begin_of(number + 1) <= at:
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Duty:
    """Shift of a person from `begins` to `ends`, exclusive."""

    person: int
    begins: datetime
    ends: datetime
    level: int
    out_of_turn: bool = False

    def contains(self, at: datetime) -> bool:
        return self.begins <= at < self.ends

    def overlaps(self, begin: datetime, end: datetime) -> bool:
        return self.begins < end and begin < self.ends


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotation of one level; empty before the first shift and without people."""

    level: int
    people: tuple[int, ...]
    shift: Shift

    def duties(self, begin: datetime, end: datetime) -> Iterator[Duty]:
        """Yield the overlapping shifts, unclipped."""
        if not self.people or begin >= end:
            return
        number = max(0, self.shift.number_at(begin))
        begins = self.shift.begin_of(number)
        while begins < end:
            ends = self.shift.begin_of(number + 1)
            if begins < ends:
                yield Duty(self.people[number % len(self.people)], begins, ends, self.level)
            number, begins = number + 1, ends

    def order_after(self, at: datetime) -> tuple[int, ...]:
        """Return each person once, in the order after the person with the shift at `at`."""
        number = max(-1, self.shift.number_at(at)) + 1
        order = [self.people[(number + step) % len(self.people)] for step in range(len(self.people))]
        return tuple(dict.fromkeys(order))


@dataclass(frozen=True, slots=True)
class Override:
    """Replacement of the person on call. A higher id is newer."""

    id: int
    level: int
    person: int
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Shifts from a calendar, without overlap. `unknown` are titles that match no person."""

    duties: tuple[Duty, ...] = ()
    unknown: tuple[str, ...] = field(default=())


def insert_duty(duties: Sequence[Duty], new: Duty) -> list[Duty]:
    """Insert `new`, and cut its time from all others."""
    remaining: list[Duty] = []
    for old in duties:
        if not old.overlaps(new.begins, new.ends):
            remaining.append(old)
            continue
        if old.begins < new.begins:
            remaining.append(Duty(old.person, old.begins, new.begins, old.level, old.out_of_turn))
        if new.ends < old.ends:
            remaining.append(Duty(old.person, new.ends, old.ends, old.level, old.out_of_turn))
    return [*remaining, new]

"""People who take turns. Pure.

All hand-over arithmetic is done on the wall clock, for hours too: who hands over at 08:00 and at 20:00 does so all
year, and on the two nights when the clocks are changed a shift is an hour shorter or longer. A hand-over at a time that
the wall skips happens when the clocks jump; one at a time that comes twice happens the first time. A shift that lies
wholly within what is skipped is empty: nobody has it.
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
    """How long one turn lasts, and when on the wall of `zone` the first one begins."""

    unit: Unit
    length: int
    begins: datetime
    zone: str

    def __post_init__(self) -> None:
        if self.length < 1 or self.begins.tzinfo is not None:
            raise ValueError("a shift has a length, and begins at a time on the wall")

    @property
    def lasts(self) -> timedelta:
        """On the wall."""
        return timedelta(**{self.unit: self.length})

    def begin_of(self, number: int) -> datetime:
        """When the turn of that number begins."""
        return moment(self.begins + number * self.lasts, zone_named(self.zone))

    def number_at(self, at: datetime) -> int:
        """Of the turn that runs then; negative before the first one."""
        number = (wall_of(at, zone_named(self.zone)) - self.begins) // self.lasts
        # The wall may show a time again, or have jumped: the moments decide.
        while self.begin_of(number) > at:
            number -= 1
        while self.begin_of(number + 1) <= at:
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody is on call from `begins` to `ends`, the end not included."""

    person: int
    begins: datetime
    ends: datetime
    level: int
    out_of_turn: bool = False

    def holds(self, at: datetime) -> bool:
        return self.begins <= at < self.ends

    def overlaps(self, begin: datetime, end: datetime) -> bool:
        return self.begins < end and begin < self.ends


@dataclass(frozen=True, slots=True)
class Rotation:
    """Before the first turn, and without people, nobody is on call."""

    level: int
    people: tuple[int, ...]
    shift: Shift

    def duties(self, begin: datetime, end: datetime) -> Iterator[Duty]:
        """The turns that overlap, whole."""
        if not self.people or begin >= end:
            return
        number = max(0, self.shift.number_at(begin))
        begins = self.shift.begin_of(number)
        while begins < end:
            ends = self.shift.begin_of(number + 1)
            if begins < ends:
                yield Duty(self.people[number % len(self.people)], begins, ends, self.level)
            number, begins = number + 1, ends

    def in_turn_after(self, at: datetime) -> tuple[int, ...]:
        """Everybody once, in the order in which they come after whoever has the turn then."""
        number = max(-1, self.shift.number_at(at)) + 1
        order = [self.people[(number + step) % len(self.people)] for step in range(len(self.people))]
        return tuple(dict.fromkeys(order))


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody is on call instead of whose turn it is. The one with the highest id was made last."""

    id: int
    level: int
    person: int
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Duties that were read from a calendar; they do not overlap. `unknown` are names in it that nobody bears."""

    duties: tuple[Duty, ...] = ()
    unknown: tuple[str, ...] = field(default=())


def cut_in(duties: Sequence[Duty], new: Duty) -> list[Duty]:
    """`new` takes its time from all others."""
    left: list[Duty] = []
    for old in duties:
        if not old.overlaps(new.begins, new.ends):
            left.append(old)
            continue
        if old.begins < new.begins:
            left.append(Duty(old.person, old.begins, new.begins, old.level, old.out_of_turn))
        if new.ends < old.ends:
            left.append(Duty(old.person, new.ends, old.ends, old.level, old.out_of_turn))
    return [*left, new]

"""On-call person by time and level: rotations or a calendar, and overrides. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.oncall.rotation import Calendar, Duty, Override, Rotation, insert_duty

MOMENT = timedelta(microseconds=1)
# Limit of a rotation's shift, and of the part of a calendar that is read.
AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Roster:
    """Roster. On a level with a calendar it replaces rotations. Overrides apply in order of creation."""

    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()
    calendars: Mapping[int, Calendar] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[int, ...]:
        named = {rotation.level for rotation in self.rotations} | {override.level for override in self.overrides}
        return tuple(sorted(named | set(self.calendars)))

    def on_call(self, at: datetime) -> Mapping[int, int | None]:
        """Return the person by level, in order of escalation; None without a person."""
        found = {level: self.duty(level, at) for level in self.levels}
        return {level: duty.person if duty else None for level, duty in found.items()}

    def duty(self, level: int, at: datetime) -> Duty | None:
        return next((duty for duty in self._duties(level, at, at + MOMENT) if duty.contains(at)), None)

    def shifts(self, level: int, begin: datetime, end: datetime) -> tuple[Duty, ...]:
        """Return the shifts in order, without overlap, clipped to the range."""
        return tuple(
            replace(duty, begins=max(begin, duty.begins), ends=min(end, duty.ends))
            for duty in self._duties(level, begin, end)
        )

    def gaps(self, level: int, begin: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """Return the ranges without a person on call."""
        found: list[tuple[datetime, datetime]] = []
        at = begin
        for duty in self.shifts(level, begin, end):
            if at < duty.begins:
                found.append((at, duty.begins))
            at = duty.ends
        return (*found, (at, end)) if at < end else tuple(found)

    def next_duty(self, level: int, at: datetime) -> Duty | None:
        """Return the first shift that begins after `at`, of any person."""
        return next((duty for duty in self._duties(level, at, at + AHEAD) if duty.begins > at), None)

    def duties_of(self, person: int, begin: datetime, end: datetime) -> tuple[Duty, ...]:
        """Return the unclipped shifts of a person that overlap the range, all levels, earliest first."""
        found = [duty for level in self.levels for duty in self._duties(level, begin, end) if duty.person == person]
        return tuple(sorted(found, key=lambda duty: (duty.begins, duty.level)))

    def everyone(self) -> tuple[int, ...]:
        """Return all people in rotations or calendars, level by level."""
        people = [person for level in self.levels for person in self._regulars(level)]
        return tuple(dict.fromkeys(people))

    @property
    def people_named(self) -> frozenset[int]:
        """People that may have to be notified, overrides included."""
        return frozenset(self.everyone()) | {override.person for override in self.overrides}

    def next_to_ask(self, at: datetime, already: Collection[int]) -> int | None:
        """Return the next person not in `already`: the people on call by level; with one level, then those of its next
        shifts.
        """
        people = [person for person in self.on_call(at).values() if person is not None]
        if len(self.levels) == 1:
            people.extend(self._next_people(self.levels[0], at))
        return next((person for person in people if person not in already), None)

    def _next_people(self, level: int, at: datetime) -> tuple[int, ...]:
        if level in self.calendars:
            return tuple(duty.person for duty in self.calendars[level].duties if duty.begins > at)
        return tuple(
            person for rotation in self._rotations_of(level) if rotation.people for person in rotation.order_after(at)
        )

    def _rotations_of(self, level: int) -> Iterator[Rotation]:
        return (rotation for rotation in self.rotations if rotation.level == level)

    def _regulars(self, level: int) -> tuple[int, ...]:
        if level in self.calendars:
            return tuple(duty.person for duty in self.calendars[level].duties)
        return tuple(person for rotation in self._rotations_of(level) for person in rotation.people)

    def _duties(self, level: int, begin: datetime, end: datetime) -> list[Duty]:
        """Return the overlapping shifts, unclipped."""
        duties = list(self._regular_duties(level, begin, end))
        for override in sorted(self.overrides, key=lambda override: override.id):
            if override.level == level and override.begins < override.ends:
                duties = insert_duty(
                    duties, Duty(override.person, override.begins, override.ends, level, out_of_turn=True)
                )
        return sorted((duty for duty in duties if duty.overlaps(begin, end)), key=lambda duty: duty.begins)

    def _regular_duties(self, level: int, begin: datetime, end: datetime) -> Iterator[Duty]:
        if level in self.calendars:
            yield from (duty for duty in self.calendars[level].duties if duty.overlaps(begin, end))
            return
        for rotation in self._rotations_of(level):
            yield from rotation.duties(begin, end)

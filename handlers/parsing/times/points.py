"""Join the times of a period to its beginning and its end: each day with its time of day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Days, Hours, Length, Moment, NotATime, Rolling
from handlers.parsing.times.scanner import Role, Time
from handlers.parsing.times.words import DayPart

MAX_DAYS = 3660
# `от 5 минут` is how long a call lasted.
OF_TALK = frozenset({"from", "от"})


@dataclass(frozen=True, slots=True)
class Point:
    """One end of a period, or all of it. `is_listed`: a comma or `and` is in front of it."""

    role: Role = Role.PLAIN
    day: Day | Days | None = None
    hours: Clock | Hours | None = None
    whole: Rolling | Moment | None = None
    is_listed: bool = False

    @property
    def is_moment(self) -> bool:
        """Return True if it is the beginning or the end of something without a word that says so."""
        is_dated = isinstance(self.day, Day) and self.day.is_dated and self.hours is None
        return is_dated or isinstance(self.hours, Clock) or self.whole is not None

    def begin(self, now: datetime, default: Day) -> datetime:
        if isinstance(self.whole, Moment):
            return self.whole.at
        if self.whole is not None:
            return _begin_of(self.whole.length, now)
        day = self.day or default
        first = day.date if isinstance(day, Day) else day.first
        if self.hours is None:
            return datetime.combine(first, time.min)
        if isinstance(self.hours, Clock):
            return datetime.combine(first, self.hours.time)
        return datetime.combine(_night_begins(self.hours, first, now, self.day), self.hours.start)

    def end(self, now: datetime, default: Day) -> datetime:
        if isinstance(self.whole, Moment):
            return self.whole.at
        if self.whole is not None:
            return _end_of(self.whole.length, now)
        day = self.day or default
        last = day.date if isinstance(day, Day) else min(day.last, max(now.date(), day.first))
        if self.hours is None:
            return datetime.combine(last, END_OF_DAY)
        if isinstance(self.hours, Clock):
            return datetime.combine(last, self.hours.time)
        last = _night_begins(self.hours, last, now, self.day)
        overnight = timedelta(days=self.hours.end <= self.hours.start)
        return datetime.combine(last, self.hours.end) + overnight


def points_of(times: Sequence[Time], written: str) -> list[Point]:
    """Join each day with its time of day."""
    points: list[Point] = []
    for one in _nights(times):
        atom, last = one.atom, points[-1] if points else None
        if isinstance(atom, Length):
            if one.is_introduced_by(OF_TALK):
                raise NotATime(one.written)
            atom = Rolling(atom)
        if isinstance(atom, Hours) and atom.part and atom.end > atom.start and one.role is Role.SINCE:
            atom = Clock(atom.start)
        if isinstance(atom, Clock | Hours):
            if last is not None and last.day is not None and last.hours is None and one.role is not Role.UP_TO:
                points[-1] = replace(last, hours=atom)
            elif last is not None and last.day and last.hours is None and len(points) == 1 and len(times) == 2:
                points[-1] = _up_to(last, atom, one.role)
            else:
                points.append(Point(one.role, hours=atom, is_listed=one.is_listed))
        elif isinstance(atom, Day | Days):
            _add_day(points, atom, one)
        else:
            points.append(Point(one.role, whole=atom, is_listed=one.is_listed))
    match points:
        # `01.11 02.11 9:00 12:00`
        case [
            Point(day=Day(), hours=None) as a,
            Point(day=Day(), hours=Clock()) as b,
            Point(day=None, hours=Clock()) as c,
        ]:
            return [replace(a, hours=b.hours), replace(b, hours=c.hours)]
    return points


def _nights(times: Sequence[Time]) -> Sequence[Time]:
    """`в ночь с пятницы на субботу` is the night of Friday."""
    match times:
        case [Time(Hours(_, _, DayPart.NIGHT)) as night, Time(Day() as first, Role.SINCE) as on, Time(Day() as second)]:
            if second.date - first.date == timedelta(days=1):
                return [replace(on, role=Role.PLAIN), night]
    return times


def _add_day(points: list[Point], day: Day | Days, one: Time) -> None:
    last = points[-1] if points else None
    if last is not None and last.hours is None and _is_same(last.day, day):
        # Yesterday, the 27th.
        return
    if last is not None and last.day is None and last.hours is not None and one.role is not Role.UP_TO:
        points[-1] = replace(last, day=day)
    else:
        points.append(Point(one.role, day=day, is_listed=one.is_listed))


def _is_same(a: Day | Days | None, b: Day | Days) -> bool:
    return isinstance(a, Day) and isinstance(b, Day) and a.date == b.date


def _up_to(point: Point, atom: Clock | Hours, role: Role) -> Point:
    """`yesterday until 12:00`: from its beginning."""
    if isinstance(atom, Clock) and role is Role.UP_TO:
        return replace(point, hours=Hours(time.min, atom.time))
    return replace(point, hours=atom)


def _night_begins(hours: Hours, day: date, now: datetime, named: Day | Days | None) -> date:
    """A night is the one that begins on the day; today's, unless it has begun, the one before."""
    is_overnight = hours.end <= hours.start
    is_to_come = is_overnight and datetime.combine(day, hours.start) > now
    return day - timedelta(days=1) if is_to_come and (named is None or day == now.date()) else day


def _begin_of(length: Length, now: datetime) -> datetime:
    if not length.is_of_days:
        return (now - length.elapsed).replace(microsecond=0)
    if not 1 <= length.days <= MAX_DAYS:
        raise NotATime
    return datetime.combine(now.date() - timedelta(days=length.days - 1), time.min)


def _end_of(length: Length, now: datetime) -> datetime:
    if length.is_of_days:
        return datetime.combine(now.date(), END_OF_DAY)
    if not length.elapsed:
        raise NotATime
    return now.replace(microsecond=0)

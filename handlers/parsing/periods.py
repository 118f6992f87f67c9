"""Parse a period that is past: `today`, `last week`, `с понедельника`, `28 ноября с 9 до 12`, `last 3 hours`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Days, Hours, Length, Moment, NotATime, Rolling, fold
from handlers.parsing.times.scanner import Role, Time, scan
from handlers.parsing.times.words import MONTHS, DayPart

MAX_DAYS = 3660


class NotAPeriod(ValueError):
    """Text that is not a valid period, or a part of it."""


class StillToCome(NotAPeriod):
    """Valid period that has not begun."""


@dataclass(frozen=True, slots=True)
class Period:
    """Two moments in the station's local time, naive, both inclusive; `end` includes its whole second."""

    start: datetime
    end: datetime

    @property
    def first(self) -> date:
        return self.start.date()

    @property
    def last(self) -> date:
        return self.end.date()

    def facts(self) -> dict[str, Any]:
        """Return template facts; `times` is set unless the period is whole days."""
        whole_days = self.start.time() == time.min and self.end.time() >= END_OF_DAY
        return {
            "first": self.first,
            "last": self.last,
            "one_day": self.first == self.last,
            "times": None if whole_days else {"start": self.start, "end": self.end},
        }

    def stored(self) -> dict[str, str]:
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}


def from_stored(data: Mapping[str, Any]) -> Period:
    return Period(datetime.fromisoformat(data["start"]), datetime.fromisoformat(data["end"]))


def read_period(text: str, now: datetime) -> Period:
    """Parse a period; empty text is today. `now`: station local time, naive. Raises NotAPeriod."""
    period, remaining = take_period(text.split(), now)
    if remaining:
        raise NotAPeriod(remaining[0])
    return period


def take_period(words: Sequence[str], now: datetime) -> tuple[Period, list[str]]:
    """Extract the period from anywhere in the words; return it and the remaining words. Raises NotAPeriod for an
    invalid time."""
    try:
        found = scan(words, Atoms(now))
        try:
            period = _period(found.times, now)
        except NotAPeriod:
            # `from April yesterday` is about somebody of that name.
            if (name := _month_beside(found.times)) is None:
                raise
            found = found.without(name)
            period = _period(found.times, now)
    except (NotATime, OverflowError) as wrong:
        raise NotAPeriod(str(wrong)) from None
    return period, list(found.remaining)


def _month_beside(times: Sequence[Time]) -> Time | None:
    """Return the only time that is the name of a month and nothing more, if there are others."""
    names = [
        one for one in times if isinstance(one.atom, Days) and len(one.words) == 1 and fold(one.words[0]) in MONTHS
    ]
    return names[0] if len(names) == 1 < len(times) else None


@dataclass(frozen=True, slots=True)
class _Point:
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


def _period(times: Sequence[Time], now: datetime) -> Period:
    written = " ".join(one.written for one in times)
    points = _points(times, written)
    today = Day(now.date())
    if any(isinstance(point.day, Days) and point.hours is not None for point in points):
        raise NotAPeriod(written)
    if not points:
        period = _Point().begin(now, today), _Point().end(now, today)
    elif len(points) == 1:
        period = _of_one(points[0], now, written)
    elif len(points) == 2:
        period = _of_two(points[0], points[1], now, written)
    else:
        raise NotAPeriod(written)
    start, end = period
    if start > now:
        raise StillToCome(written)
    if end < start or (end.date() - start.date()).days >= MAX_DAYS:
        raise NotAPeriod(written)
    return Period(start, end)


def _of_one(point: _Point, now: datetime, written: str) -> tuple[datetime, datetime]:
    today = Day(now.date())
    start, end = point.begin(now, today), point.end(now, today)
    if point.role is Role.UP_TO:
        if point.day is not None or not isinstance(point.hours, Clock):
            raise NotAPeriod(written)
        return datetime.combine(now.date(), time.min), end
    if isinstance(point.whole, Moment):
        return start, now.replace(microsecond=0)
    if point.role is Role.SINCE and (point.day is not None or isinstance(point.hours, Hours)):
        return start, datetime.combine(max(now.date(), start.date()), END_OF_DAY)
    if isinstance(point.hours, Clock):
        return start, datetime.combine(start.date(), END_OF_DAY)
    return start, end


def _of_two(first: _Point, second: _Point, now: datetime, written: str) -> tuple[datetime, datetime]:
    if isinstance(first.whole, Rolling) or isinstance(second.whole, Rolling):
        raise NotAPeriod(written)
    if first.role is Role.UP_TO and second.role is not Role.UP_TO:
        first, second = second, first
    if first.role is not Role.UP_TO and second.role is Role.SINCE:
        raise NotAPeriod(written)
    if not (first.hours or second.hours or first.whole or second.whole):
        return _of_days(first, second, now, written)
    today = Day(now.date())
    is_plain = first.role is Role.PLAIN is second.role
    if is_plain and not all(point.is_moment for point in (first, second)):
        # Yesterday 9-12 and 14-16: two periods.
        raise NotAPeriod(written)
    day = first.day if isinstance(first.day, Day) else today
    start = first.begin(now, second.day if first.day is None and isinstance(second.day, Day) else today)
    end = second.end(now, day)
    if second.day is None and second.hours is not None and end < start and is_plain:
        raise NotAPeriod(written)
    return start, end


def _of_days(first: _Point, second: _Point, now: datetime, written: str) -> tuple[datetime, datetime]:
    today = Day(now.date())
    days = first.day or today, second.day or today
    if first.role is Role.PLAIN is second.role or first.role is Role.SINCE is not second.role is Role.PLAIN:
        earlier, later = (first, second) if first.begin(now, today) <= second.begin(now, today) else (second, first)
        are_dates = all(isinstance(day, Day) and day.is_dated for day in days)
        if earlier.end(now, today) + timedelta(seconds=1) >= later.begin(now, today):
            # Yesterday and today.
            return earlier.begin(now, today), later.end(now, today)
        if second.is_listed or not are_dates:
            # On Monday and Wednesday: not on Tuesday.
            raise NotAPeriod(written)
        # Two dates in either order.
        return earlier.begin(now, today), later.end(now, today)
    begin, end = first.begin(now, today), second.end(now, today)
    if begin <= end:
        return begin, end
    if isinstance(first.day, Day) and isinstance(second.day, Day):
        if first.day.is_weekday:
            # From friday to monday; from monday to wednesday of another week.
            back = (second.day.date.weekday() - first.day.date.weekday()) % 7
            return datetime.combine(second.day.date - timedelta(days=back), time.min), end
        return second.begin(now, today), first.end(now, today)
    raise NotAPeriod(written)


def _points(times: Sequence[Time], written: str) -> list[_Point]:
    """Join each day with its time of day."""
    points: list[_Point] = []
    for one in _nights(times):
        atom, last = one.atom, points[-1] if points else None
        if isinstance(atom, Length):
            atom = Rolling(atom)
        if isinstance(atom, Hours) and atom.part and atom.end > atom.start and one.role is Role.SINCE:
            atom = Clock(atom.start)
        if isinstance(atom, Clock | Hours):
            if last is not None and last.day is not None and last.hours is None and one.role is not Role.UP_TO:
                points[-1] = replace(last, hours=atom)
            elif last is not None and last.day and last.hours is None and len(points) == 1 and len(times) == 2:
                points[-1] = _up_to(last, atom, one.role)
            else:
                points.append(_Point(one.role, hours=atom, is_listed=one.is_listed))
        elif isinstance(atom, Day | Days):
            _add_day(points, atom, one)
        else:
            points.append(_Point(one.role, whole=atom, is_listed=one.is_listed))
    match points:
        # `01.11 02.11 9:00 12:00`
        case [
            _Point(day=Day(), hours=None) as a,
            _Point(day=Day(), hours=Clock()) as b,
            _Point(day=None, hours=Clock()) as c,
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


def _add_day(points: list[_Point], day: Day | Days, one: Time) -> None:
    last = points[-1] if points else None
    if last is not None and last.hours is None and _is_same(last.day, day):
        # Yesterday, the 27th.
        return
    if last is not None and last.day is None and last.hours is not None and one.role is not Role.UP_TO:
        points[-1] = replace(last, day=day)
    else:
        points.append(_Point(one.role, day=day, is_listed=one.is_listed))


def _is_same(a: Day | Days | None, b: Day | Days) -> bool:
    return isinstance(a, Day) and isinstance(b, Day) and a.date == b.date


def _up_to(point: _Point, atom: Clock | Hours, role: Role) -> _Point:
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
        raise NotAPeriod(f"{length.days}d")
    return datetime.combine(now.date() - timedelta(days=length.days - 1), time.min)


def _end_of(length: Length, now: datetime) -> datetime:
    if length.is_of_days:
        return datetime.combine(now.date(), END_OF_DAY)
    if not length.elapsed:
        raise NotAPeriod("0h")
    return now.replace(microsecond=0)

"""Parse a period that is past: `today`, `last week`, `с понедельника`, `28 ноября с 9 до 12`, `last 3 hours`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Days, Hours, Moment, NotATime, Rolling, fold
from handlers.parsing.times.points import MAX_DAYS, Point, points_of
from handlers.parsing.times.scanner import Role, Time, scan
from handlers.parsing.times.words import MONTHS


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


def _period(times: Sequence[Time], now: datetime) -> Period:
    written = " ".join(one.written for one in times)
    points = points_of(times, written)
    today = Day(now.date())
    if any(isinstance(point.day, Days) and point.hours is not None for point in points):
        raise NotAPeriod(written)
    try:
        match points:
            case []:
                start, end = Point().begin(now, today), Point().end(now, today)
            case [point]:
                start, end = _of_one(point, now, written)
            case [first, second]:
                start, end = _of_two(first, second, now, written)
            case _:
                raise NotAPeriod(written)
    except NotATime:
        # Too long a time.
        raise NotAPeriod(written) from None
    if start > now:
        raise StillToCome(written)
    if end < start or (end.date() - start.date()).days >= MAX_DAYS:
        raise NotAPeriod(written)
    return Period(start, end)


def _of_one(point: Point, now: datetime, written: str) -> tuple[datetime, datetime]:
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


def _of_two(first: Point, second: Point, now: datetime, written: str) -> tuple[datetime, datetime]:
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


def _of_days(first: Point, second: Point, now: datetime, written: str) -> tuple[datetime, datetime]:
    today = Day(now.date())
    days = first.day or today, second.day or today
    if first.role is Role.PLAIN is second.role or first.role is Role.SINCE is not second.role is Role.PLAIN:
        earlier, later = (first, second) if first.begin(now, today) <= second.begin(now, today) else (second, first)
        are_dates = all(isinstance(day, Day) and day.is_dated for day in days)
        if earlier.end(now, today) + timedelta(seconds=1) == later.begin(now, today):
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

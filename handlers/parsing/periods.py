"""Parse a period: `today`, `7d`, `3h`, a date, two dates, with times of day; in Russian too. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

DAYS_AGO = {"today": 0, "сегодня": 0, "yesterday": 1, "вчера": 1}
LAST_DAYS = {"week": 7, "неделя": 7, "неделю": 7, "month": 30, "месяц": 30, "year": 365, "год": 365}
DAYS = re.compile(r"(\d{1,4})(?:d|days?|д|дн|дней|дня|день)")
HOURS = re.compile(r"(\d{1,3})(?:h|hours?|ч|час|часа|часов)")
UNITS = re.compile(r"d|days?|дн|дней|дня|день|h|hours?|ч|час|часа|часов")
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}(?:\.(?:\d{4}|\d{2}))?")
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
MOMENT = re.compile(r"(.{6,10})t(\d{1,2}:\d{2}(?::\d{2})?)")
SPAN = re.compile(r"(\S+?)\s*[-–—]\s*(\S+)")
BETWEEN = frozenset({"-", "–", "—", "and", "и"})
LEADING = frozenset({"from", "с", "со", "от", "to", "till", "until", "по", "до", "на", "at", "в", "last", "за"})
MAX_DAYS = 3660
END_OF_DAY = time(23, 59, 59)


class NotAPeriod(ValueError):
    """Text that is not a valid period, or a part of it."""


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
    reader = _PeriodReader(now)
    remaining: list[str] = []
    pending = _split_words(words)
    while pending:
        word = pending.pop(0)
        following = pending[0] if pending else ""
        if word.lower() in LEADING and following and is_time(following):
            continue
        if not reader.take(word.lower()) and not (word in BETWEEN and reader.has_moments):
            remaining.append(word)
    return reader.period(), remaining


def _split_words(words: Sequence[str]) -> list[str]:
    """Split `9:00-12:00` and `01.11-05.11` in two, join `7 days` into one."""
    parts: list[str] = []
    for word in words:
        span = SPAN.fullmatch(word)
        if span and is_time(span[1]) and is_time(span[2]):
            parts += [span[1], span[2]]
        elif parts and parts[-1].isdecimal() and UNITS.fullmatch(word.lower()):
            parts[-1] += word
        else:
            parts.append(word)
    return parts


def is_time(word: str) -> bool:
    word = word.lower()
    known = word in DAYS_AGO or word in LAST_DAYS
    return known or any(form.fullmatch(word) for form in (DATE, TIME, DAYS, HOURS, MOMENT))


class _PeriodReader:
    """Word-by-word parser that collects dates and times of day."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._interval: Period | None = None
        self._dates: list[date] = []
        self._times: list[tuple[int, time]] = []

    @property
    def has_moments(self) -> bool:
        return bool(self._dates or self._times)

    def take(self, word: str) -> bool:
        """Consume a word; return False if it is not a time. Raises NotAPeriod."""
        if moment := MOMENT.fullmatch(word):
            if DATE.fullmatch(moment[1]) is None:
                return False
            return self.take(moment[1]) and self.take(moment[2])
        if word in DAYS_AGO:
            self._dates.append(self._now.date() - timedelta(days=DAYS_AGO[word]))
        elif word in LAST_DAYS:
            self._set(_last_days(LAST_DAYS[word], self._now), word)
        elif days := DAYS.fullmatch(word):
            self._set(_last_days(int(days[1]), self._now), word)
        elif hours := HOURS.fullmatch(word):
            self._set(_last_hours(int(hours[1]), self._now), word)
        elif DATE.fullmatch(word):
            self._dates.append(_date(word, self._now.date()))
        elif TIME.fullmatch(word):
            self._times.append((len(self._dates), _time(word)))
        else:
            return False
        return True

    def period(self) -> Period:
        if self._interval is not None:
            if self.has_moments:
                raise NotAPeriod(" ".join(str(one) for one in self._dates) or str(self._times[0][1]))
            return self._interval
        backwards = self._dates != sorted(self._dates) and self._times
        if len(self._dates) > 2 or len(self._times) > 2 or backwards:
            raise NotAPeriod(" ".join(str(one) for one in self._dates))
        dates = self._dates or [self._now.date()]
        begin, until = self._times_of_day(len(dates))
        period = Period(datetime.combine(min(dates), begin), datetime.combine(max(dates), until))
        if period.end < period.start or (period.last - period.first).days >= MAX_DAYS:
            raise NotAPeriod(f"{period.start:%Y-%m-%d %H:%M} – {period.end:%Y-%m-%d %H:%M}")
        return period

    def _times_of_day(self, dates: int) -> tuple[time, time]:
        """Return the times of day at both ends. A single time is the start, or the end if it follows the second
        date."""
        if not self._times:
            return time.min, END_OF_DAY
        if len(self._times) == 2:
            return self._times[0][1], self._times[1][1]
        after, only = self._times[0]
        return (time.min, only) if dates == 2 and after == 2 else (only, END_OF_DAY)

    def _set(self, period: Period, word: str) -> None:
        if self._interval is not None:
            raise NotAPeriod(word)
        self._interval = period


def _last_days(days: int, now: datetime) -> Period:
    """Return whole days, today included."""
    if not 1 <= days <= MAX_DAYS:
        raise NotAPeriod(f"{days}d")
    first = now.date() - timedelta(days=days - 1)
    return Period(datetime.combine(first, time.min), datetime.combine(now.date(), END_OF_DAY))


def _last_hours(hours: int, now: datetime) -> Period:
    if not hours:
        raise NotAPeriod("0h")
    return Period((now - timedelta(hours=hours)).replace(microsecond=0), now.replace(microsecond=0))


def _date(word: str, today: date) -> date:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y"):
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
    try:
        # Without a year, the last occurrence.
        day, month = (int(part) for part in word.split("."))
        this_year = date(today.year, month, day)
        return this_year if this_year <= today else date(today.year - 1, month, day)
    except ValueError:
        raise NotAPeriod(word) from None


def _time(word: str) -> time:
    try:
        return time.fromisoformat(word if word[1:2] != ":" else f"0{word}")
    except ValueError:
        raise NotAPeriod(word) from None

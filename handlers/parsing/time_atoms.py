"""Recognize one time at the beginning of some words: a day, a clock time, a length. Pure.

The words are folded: see `fold`. A time of several words is taken whole: `28 ноября 2026 года`, `last 3 hours`.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from handlers.parsing.time_words import (
    ADJECTIVES_OF_DAYS,
    AGO,
    AND,
    ARTICLES,
    AT,
    BEGINNING,
    BETWEEN,
    CLOCKS,
    COUNTS_ONE,
    DAY_PARTS,
    DAYS_AHEAD,
    END,
    FROM,
    HALF,
    HALF_DAYS,
    HALVES,
    HOURS_OF,
    LAST,
    MONTHS,
    NEXT,
    NOW,
    NUMBERS,
    OF_CLOCK,
    ONE_AND_A_HALF,
    ROLLING,
    ROUND_THE_CLOCK,
    THIS,
    UNITS,
    UP_TO,
    WEEKDAYS,
    WEEKENDS,
    DayPart,
    Unit,
)

END_OF_DAY = time(23, 59, 59)
MAX_WORDS = 8
DAYS_IN = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.QUARTERS: 91, Unit.YEARS: 365}
MINUTES_IN = {Unit.MINUTES: 1, Unit.HOURS: 60}
# Of these a unit alone is a period.
LONG = frozenset({Unit.WEEKS, Unit.MONTHS, Unit.QUARTERS, Unit.YEARS})
COMPACT = re.compile(r"(\d{1,9}(?:[.,]\d{1,2})?)([a-zа-я]{1,8})")
NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,2})?")
YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
# 12-11-25 is a telephone number of six digits.
DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})|(\d{1,2})-(\d{1,2})-(\d{4})")
SHORT_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})")
DAY_NUMBER = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?")
DAY_AND_MONTH = re.compile(r"(\d{1,2})([a-zа-я]{3,9})|([a-zа-я]{3,9})(\d{1,2})")
YEAR = re.compile(r"(?:19|20|21)\d\d")
YEAR_WORDS = frozenset({"г", "года", "год", "year"})
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
# 18.30 and 09.00 are times: there is no month 30 or 0.
# So are 9-00 and 9-30: there is no hour 30, and none ends at 0 that begins at 9.
CLOCK_WITH_A_HYPHEN = re.compile(r"(\d{1,2})-(00|30|45)")
CLOCK_WITH_A_POINT = re.compile(r"(\d{1,2})\.(00|1[3-9]|[2-5]\d)")
HALF_DAY_CLOCK = re.compile(r"(0?[1-9]|1[0-2])(?:[:.]([0-5]\d))?(am|pm)")
HOURS = re.compile(r"(\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)[-–—](\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)")


class NotATime(ValueError):
    """Text in the form of a time that does not exist: 32.01, 25:00."""


@dataclass(frozen=True, slots=True)
class Day:
    """`is_weekday`: named by its weekday only."""

    date: date
    is_weekday: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar week, month, weekend; both ends inclusive."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Clock:
    """Time of day; `is_midnight_after`: 24:00."""

    time: time
    is_midnight_after: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of day; an end before the start is on the next day. `part` if they are named by it."""

    start: time
    end: time
    part: DayPart | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """Amounts by unit, e.g. 1 hour 30 minutes."""

    amounts: tuple[tuple[float, Unit], ...]

    @property
    def is_of_days(self) -> bool:
        """Return True for whole days, weeks or more."""
        return all(unit not in MINUTES_IN and amount == int(amount) for amount, unit in self.amounts)

    @property
    def days(self) -> int:
        return sum(int(amount) * DAYS_IN[unit] for amount, unit in self.amounts if unit in DAYS_IN)

    @property
    def elapsed(self) -> timedelta:
        minutes = sum(
            amount * (MINUTES_IN[unit] if unit in MINUTES_IN else DAYS_IN[unit] * 24 * 60)
            for amount, unit in self.amounts
        )
        return timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime


@dataclass(frozen=True, slots=True)
class Rolling:
    """Time that ends now: `last 3 hours`."""

    length: Length


Atom = Day | Days | Clock | Hours | Length | Moment | Rolling
A = TypeVar("A")
# With its number of words.
Found = tuple[A, int]


def fold(word: str) -> str:
    """Return the word as it is compared: lower case, е for ё, without the punctuation around it."""
    word = word.casefold().replace("ё", "е").replace("’", "'").strip(",;!?").removesuffix(".")
    return word.removesuffix("'s")


@dataclass(frozen=True, slots=True)
class Atoms:
    """Recognizer at a moment, in the station's local time, naive. Days are the nearest past ones, or future ones if
    `is_ahead`."""

    now: datetime
    is_ahead: bool = False

    @property
    def today(self) -> date:
        return self.now.date()

    def at(self, words: Sequence[str], before: str = "") -> Found[Atom] | None:
        """Return the longest time at the beginning, and its number of words; `before`: the word in front of them.
        Raises NotATime."""
        words = words[:MAX_WORDS]
        found = [one for rule in self._rules() if (one := rule(words)) is not None]
        if not found and (before in COUNTS_ONE or (words and UNITS.get(words[0]) in LONG and not self.is_ahead)):
            return _one(words)
        # `до 3 дня` is a time, `на 3 дня` a length.
        is_clock = before in UP_TO | FROM | AT
        return max(found, key=lambda one: (one[1], isinstance(one[0], Clock) and is_clock), default=None)

    def _rules(self) -> tuple[Callable[[Sequence[str]], Found[Atom] | None], ...]:
        return (
            self._written_date,
            self._date,
            self._dated_weekday,
            self._month_or_year,
            self._relative_day,
            self._weekday,
            self._weekend,
            self._calendar,
            self._edge,
            self._ago,
            self._rolling,
            self._now,
            self._part_of_day,
            self._dates,
            _length,
            clock_at,
            _hours,
        )

    def _now(self, words: Sequence[str]) -> Found[Moment] | None:
        return (Moment(self.now.replace(microsecond=0)), 1) if words and words[0] in NOW else None

    def _written_date(self, words: Sequence[str]) -> Found[Day] | None:
        """`2026-11-28`, `28.11.26`, `28/11/2026`, `28.11`, `28nov`, `2026-11-28T09:00`."""
        word = words[0] if words else ""
        if (found := YEAR_FIRST.fullmatch(word)) is not None:
            return Day(_existing(int(found[1]), int(found[2]), int(found[3]), word)), 1
        if (found := DAY_FIRST.fullmatch(word)) is not None:
            day, month, year = (int(part) for part in found.groups() if part is not None)
            year += 2000 if year < 100 else 0
            # 11/24/2026 can only be the 24th of November.
            if month > 12 and "/" in word:
                day, month = month, day
            return Day(_existing(year, month, day, word)), 1
        if SHORT_DATE.fullmatch(word) and not CLOCK_WITH_A_POINT.fullmatch(word):
            day, month = (int(part) for part in re.split("[./]", word))
            if month > 12 and "/" in word:
                day, month = month, day
            return Day(self._without_year(day, month, word)), 1
        if (found := DAY_AND_MONTH.fullmatch(word)) is not None and (month := MONTHS.get(found[2] or found[3], 0)):
            return Day(self._without_year(int(found[1] or found[4]), month, word)), 1
        return None

    def _date(self, words: Sequence[str]) -> Found[Day] | None:
        """`28 ноября 2026 года`, `Nov 24, 2026`, `24th of november`."""
        count = 2
        if len(words) > 2 and words[1] == "of":
            words, count = [words[0], *words[2:]], 3
        if len(words) < 2:
            return None
        for number, name in ((words[0], words[1]), (words[1], words[0])):
            day, month = DAY_NUMBER.fullmatch(number), MONTHS.get(name)
            if day is None or month is None:
                continue
            written = f"{number} {name}"
            if (year := self._year(words[2:])) is not None:
                return Day(_existing(year[0], month, int(day[1]), f"{written} {year[0]}")), count + year[1]
            return Day(self._without_year(int(day[1]), month, written)), count
        return None

    def _dated_weekday(self, words: Sequence[str]) -> Found[Day] | None:
        """`Mon, Nov 23`, `пн, 23 ноября`. Raises NotATime if it is another weekday."""
        weekday = WEEKDAYS.get(words[0]) if words else None
        found = weekday is not None and (self._date(words[1:]) or self._written_date(words[1:]))
        if not found:
            return None
        if found[0].date.weekday() != weekday:
            raise NotATime(" ".join(words[: found[1] + 1]))
        return found[0], found[1] + 1

    def _dates(self, words: Sequence[str]) -> Found[Days] | None:
        """`9-12 ноября`, `from 9 to 12 november`, `с 9 по 12 ноября`."""
        count = 1 if words and words[0] in FROM | BETWEEN else 0
        words = words[count:]
        if len(words) > 1 and words[0] in MONTHS:
            # November 1-15.
            words = [words[1], words[0], *words[2:]]
        joined = re.fullmatch(r"(\d{1,2})[-–—](\d{1,2})", words[0]) if words else None
        if joined is not None:
            first, last, rest = joined[1], joined[2], words[1:]
        elif len(words) > 2 and words[1] in UP_TO | AND:
            first, last, rest = words[0], words[2], words[3:]
        else:
            return None
        found = self._date([last, *rest])
        if found is None or (day := DAY_NUMBER.fullmatch(first)) is None:
            return None
        end, taken = found
        start = _existing(end.date.year, end.date.month, int(day[1]), f"{first} {rest[0]}")
        return Days(start, end.date), count + (0 if joined else 2) + taken

    def _month_or_year(self, words: Sequence[str]) -> Found[Days] | None:
        """`november`, `ноябре 2025`, `last november`, `2025 год`."""
        count = 0
        qualifier = ""
        if len(words) > 1 and (words[0] in LAST or words[0] in THIS or words[0] in NEXT):
            qualifier, words, count = words[0], words[1:], 1
        if len(words) > 1 and YEAR.fullmatch(words[0]) and words[1] in YEAR_WORDS and not qualifier:
            return Days(date(int(words[0]), 1, 1), date(int(words[0]), 12, 31)), 2
        if not words or (month := MONTHS.get(words[0])) is None:
            return None
        if not qualifier and (of_year := self._year(words[1:])) is not None:
            return _month_of(of_year[0], month), 1 + of_year[1]
        year = self.today.year
        if self.is_ahead:
            year += month < self.today.month
        else:
            year -= month > self.today.month or (qualifier in LAST and month == self.today.month)
        return _month_of(year, month), 1 + count

    def _year(self, words: Sequence[str]) -> Found[int] | None:
        """Year behind a month: `2025`, `2025 года`, `last year`, `прошлого года`."""
        if not words:
            return None
        if YEAR.fullmatch(words[0]):
            return int(words[0]), 2 if len(words) > 1 and words[1] in YEAR_WORDS else 1
        if len(words) > 1 and UNITS.get(words[1]) is Unit.YEARS and (words[0] in LAST or words[0] in THIS):
            return self.today.year - (words[0] in LAST), 2
        return None

    def _relative_day(self, words: Sequence[str]) -> Found[Day] | None:
        """`yesterday`, `day before yesterday`, `позавчера`."""
        if words and words[0] in DAYS_AHEAD:
            return self._day(DAYS_AHEAD[words[0]]), 1
        if words and (ahead := ADJECTIVES_OF_DAYS.get(words[0])) is not None:
            return self._day(ahead), 2 if words[1:2] in (["день"], ["дня"], ["дне"]) else 1
        for phrase, days in (("day before yesterday", -2), ("day after tomorrow", 2)):
            if list(words[:3]) == phrase.split():
                return self._day(days), 3
        return None

    def _weekday(self, words: Sequence[str]) -> Found[Day] | None:
        """`monday`; today's weekday is today among past days, and in a week among future ones."""
        qualifier, count = "", 1
        if len(words) > 1 and (words[0] in LAST or words[0] in THIS or words[0] in NEXT or words[0] in ROLLING):
            qualifier, count, words = words[0], 2, words[1:]
        if not words or (number := WEEKDAYS.get(words[0])) is None:
            return None
        if qualifier in THIS:
            days = number - self.today.weekday()
        elif self.is_ahead or qualifier in NEXT:
            days = (number - self.today.weekday() - 1) % 7 + 1
        else:
            days = -((self.today.weekday() - number) % 7)
            days = days or (-7 if qualifier else 0)
        return replace(self._day(days), is_weekday=True), count

    def _weekend(self, words: Sequence[str]) -> Found[Days] | None:
        qualifier, count = "", 1
        if len(words) > 1 and (words[0] in LAST or words[0] in THIS or words[0] in NEXT):
            qualifier, count, words = words[0], 2, words[1:]
        if not words or words[0] not in WEEKENDS:
            return None
        saturday = self.today + timedelta(days=5 - self.today.weekday())
        is_weekend = self.today.weekday() >= 5
        if qualifier in NEXT:
            saturday += timedelta(weeks=is_weekend)
        elif qualifier not in THIS and not self.is_ahead:
            saturday -= timedelta(weeks=not is_weekend or qualifier in LAST)
        return Days(saturday, saturday + timedelta(days=1)), count

    def _calendar(self, words: Sequence[str]) -> Found[Day | Days] | None:
        """`this week`, `прошлый месяц`, `next year`: a whole one of the calendar."""
        if len(words) < 2 or (unit := UNITS.get(words[1])) is None or unit in MINUTES_IN or len(words[1]) < 2:
            return None
        for qualifiers, ahead in ((THIS, 0), (LAST, -1), (NEXT, 1)):
            if words[0] in qualifiers:
                first, last = _calendar_span(self.today, unit, ahead)
                return (Day(first) if unit is Unit.DAYS else Days(first, last)), 2
        return None

    def _edge(self, words: Sequence[str]) -> Found[Day] | None:
        """`beginning of the month`, `конца недели`."""
        if not words or (words[0] not in BEGINNING and words[0] not in END):
            return None
        at = 1
        while at < len(words) and (words[at] in ARTICLES or words[at] in THIS or words[at] in ("рабочего", "working")):
            at += 1
        unit = UNITS.get(words[at]) if at < len(words) else None
        if unit is None or unit in MINUTES_IN or len(words[at]) < 2:
            return None
        first, last = _calendar_span(self.today, unit, 0)
        return Day(first if words[0] in BEGINNING else last), at + 1

    def _ago(self, words: Sequence[str]) -> Found[Day | Moment] | None:
        """`3 days ago`, `2 часа назад`, `неделю назад`."""
        length = _length(words) or _one(words)
        if length is None or length[1] >= len(words) or words[length[1]] not in AGO:
            return None
        amount, count = length
        if not amount.is_of_days:
            return Moment((self.now - amount.elapsed).replace(microsecond=0)), count + 1
        return Day(self.today - timedelta(days=amount.days)), count + 1

    def _rolling(self, words: Sequence[str]) -> Found[Rolling] | None:
        """`last 3 hours`, `past week`, `последние 7 дней`, `последний час`, `last hour`."""
        if len(words) < 2 or not (words[0] in ROLLING or words[0] in LAST):
            return None
        found = _length(words[1:])
        if found is None:
            found = _one(words[1:])
            unit = UNITS.get(words[1])
            # `last week` is the one of the calendar.
            if unit is not None and words[0] in LAST and unit not in MINUTES_IN:
                return None
        if found is None:
            return None
        length, count = found
        return Rolling(length), count + 1

    def _part_of_day(self, words: Sequence[str]) -> Found[Hours] | None:
        """`evening`, `this morning`, `last night`, `tonight`."""
        if words and words[0] == "tonight":
            return Hours(time(18), END_OF_DAY, DayPart.EVENING), 1
        count = 1
        if len(words) > 1 and (words[0] in THIS or (words[0] in LAST and DAY_PARTS.get(words[1]) is DayPart.NIGHT)):
            count, words = 2, words[1:]
        part = DAY_PARTS.get(words[0]) if words else None
        return (Hours(*HOURS_OF[part], part), count) if part is not None else None

    def _day(self, days: int) -> Day:
        return Day(self.today + timedelta(days=days))

    def _without_year(self, day: int, month: int, written: str) -> date:
        """Return the nearest such day: the last one, or the next one if `is_ahead`. Raises NotATime."""
        this_year = _existing(self.today.year, month, day, written)
        if self.is_ahead:
            return this_year if this_year >= self.today else _existing(self.today.year + 1, month, day, written)
        return this_year if this_year <= self.today else _existing(self.today.year - 1, month, day, written)


def length_at(words: Sequence[str], before: str = "") -> Found[Length] | None:
    """Return the length at the beginning; a unit alone is one of it after `before`, if that is `for`."""
    return _length(words) or (_one(words) if before in COUNTS_ONE else None)


def clock_of(word: str) -> Clock | None:
    """Return the time of day of one word: `9:00`, `09.30`, `9pm`, `noon`. Raises NotATime."""
    if word in CLOCKS:
        return Clock(CLOCKS[word])
    if found := HALF_DAY_CLOCK.fullmatch(word):
        return Clock(time(int(found[1]) % 12 + (12 if found[3] == "pm" else 0), int(found[2] or 0)))
    if found := CLOCK.fullmatch(word) or CLOCK_WITH_A_POINT.fullmatch(word) or CLOCK_WITH_A_HYPHEN.fullmatch(word):
        if word in ("24:00", "24.00"):
            return Clock(END_OF_DAY, is_midnight_after=True)
        hours, minutes, seconds = (int(part or 0) for part in (*found.groups(), 0)[:3])
        try:
            return Clock(time(hours, minutes, seconds))
        except ValueError:
            raise NotATime(word) from None
    return None


def hour_of(word: str) -> Clock | None:
    """Return the full hour of a bare number up to 24, where the words around it say that it is one."""
    if not re.fullmatch(r"\d{1,2}", word) or int(word) > 24:
        return None
    return Clock(END_OF_DAY, is_midnight_after=True) if int(word) == 24 else Clock(time(int(word)))


def clock_at(words: Sequence[str]) -> Found[Clock] | None:
    """`9:00`, `9 pm`, `9 вечера`, `9 часов утра`, `9 o'clock`."""
    first, second, third = (*words[:3], "", "", "")[:3]
    of_clock = second in OF_CLOCK
    half = HALF_DAYS.get(third if of_clock else second)
    if half is not None and HALF_DAY_CLOCK.fullmatch(f"{first}{half}"):
        found, count = clock_of(f"{first}{half}"), 3 if of_clock else 2
    elif of_clock:
        found, count = hour_of(first), 2
    else:
        found, count = clock_of(first), 1
    return (found, count) if found is not None else None


def _hours(words: Sequence[str]) -> Found[Hours] | None:
    """`9-12`, `9:00-12:30`, `2-4 pm`, `22-8`, `from 9 to 12`, `с 9 до 18:00`."""
    if words and CLOCK_WITH_A_HYPHEN.fullmatch(words[0]):
        return None
    if joined := HOURS.fullmatch(words[0]) if words else None:
        found = _from_to(joined[1], [joined[2], *words[1:2]])
        return found and (found[0], found[1])
    before = 1 if words and words[0] in FROM | BETWEEN else 0
    if len(words) < before + 3 or words[before + 1] not in UP_TO | AND:
        return None
    found = _from_to(words[before], words[before + 2 :])
    return found and (found[0], before + 2 + found[1])


def _from_to(first: str, last: Sequence[str]) -> Found[Hours] | None:
    """Return the hours, and the number of words of `last` that belong to them."""
    found = clock_at(last)
    if found is None and (hour := hour_of(last[0])) is not None:
        found = hour, 1
    start = clock_of(first) or hour_of(first)
    if found is None or start is None or start.is_midnight_after or start == found[0]:
        return None
    end, count = found
    begin = start.time
    # 2-4 pm is both in the afternoon, 9-5 pm is not.
    if first.isdecimal() and end.time.hour > begin.hour + 12 and (count > 1 or last[0].endswith("pm")):
        begin = begin.replace(hour=begin.hour + 12)
    finish = end.time
    # 9 to 5 is a day's work, 22 to 8 a night.
    if last[0].isdecimal() and count == 1 and finish < begin and begin.hour <= 12 and not end.is_midnight_after:
        finish = finish.replace(hour=finish.hour + 12)
    return Hours(begin, finish), count


def _length(words: Sequence[str]) -> Found[Length] | None:
    """`7d`, `2h30m`, `1.5 hours`, `1 час 30 минут`, `half an hour`, `полтора часа`."""
    amounts: list[tuple[float, Unit]] = []
    at = 0
    while at < len(words):
        taken = _amount(words[at:])
        if taken is None:
            if amounts and words[at] in ("and", "и") and _amount(words[at + 1 :]) is not None:
                at += 1
                continue
            break
        parts, count = taken
        if {unit for _, unit in parts} & {unit for _, unit in amounts}:
            break
        amounts += parts
        at += count
    if amounts and list(words[at : at + 3]) == ["and", "a", "half"]:
        amounts[-1] = (amounts[-1][0] + 0.5, amounts[-1][1])
        at += 3
    return (Length(tuple(amounts)), at) if amounts else None


def _amount(words: Sequence[str]) -> tuple[list[tuple[float, Unit]], int] | None:
    first, second, third = (*words[:3], "", "", "")[:3]
    if first in HALVES:
        return [(0.5, HALVES[first])], 1
    if parts := _compact(first):
        return parts, 1
    if first in HALF and second in NUMBERS and third in UNITS:
        return [(0.5, UNITS[third])], 3
    if second in UNITS and (number := _number(first)) is not None and (len(second) > 1 or first.isdecimal()):
        return [_of(number, second)], 2
    if first in HALF and second in UNITS:
        return [(0.5, UNITS[second])], 2
    if first in ("a", "an") and second == "half" and third in UNITS:
        return [(0.5, UNITS[third])], 3
    if "couple" in (first, second):
        at = 1 + (second == "couple") + ("of" in words[1:3])
        if at < len(words) and (unit := UNITS.get(words[at])) is not None:
            return [(2, unit)], at + 1
    return None


def _compact(word: str) -> list[tuple[float, Unit]]:
    """Return the amounts of `90min`, `2h30m`; none for any other word."""
    parts: list[tuple[float, Unit]] = []
    end = 0
    for found in COMPACT.finditer(word):
        if found.start() != end or (unit := UNITS.get(found[2])) is None or unit in {one for _, one in parts}:
            return []
        parts.append((float(found[1].replace(",", ".")), unit))
        end = found.end()
    return parts if end == len(word) else []


def _number(word: str) -> float | None:
    if NUMBER.fullmatch(word):
        return float(word.replace(",", "."))
    return 1.5 if word in ONE_AND_A_HALF else NUMBERS.get(word)


def _one(words: Sequence[str]) -> Found[Length] | None:
    """A unit without a number is one of it: `неделю назад`, `last hour`."""
    is_one = bool(words) and words[0] in UNITS and len(words[0]) > 2
    return (Length((_of(1, words[0]),)), 1) if is_one else None


def _of(number: float, unit: str) -> tuple[float, Unit]:
    return (number * 24, Unit.HOURS) if unit in ROUND_THE_CLOCK else (number, UNITS[unit])


def _month_of(year: int, month: int) -> Days:
    return Days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _calendar_span(today: date, unit: Unit, ahead: int) -> tuple[date, date]:
    """Return the first and the last day of the unit of the calendar that is `ahead` of today's."""
    if unit is Unit.DAYS:
        return today + timedelta(days=ahead), today + timedelta(days=ahead)
    if unit is Unit.WEEKS:
        monday = today + timedelta(weeks=ahead, days=-today.weekday())
        return monday, monday + timedelta(days=6)
    if unit is Unit.YEARS:
        return date(today.year + ahead, 1, 1), date(today.year + ahead, 12, 31)
    months = 3 if unit is Unit.QUARTERS else 1
    index = (today.year * 12 + today.month - 1) // months * months + ahead * months
    last = index + months - 1
    return date(index // 12, index % 12 + 1, 1), _month_of(last // 12, last % 12 + 1).last


def _existing(year: int, month: int, day: int, written: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotATime(written) from None

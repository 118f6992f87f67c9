"""Recognize one time at the beginning of some words: a day, a clock time, a length. Pure.

The words are folded: see `fold`. A time of several words is taken whole: `28 ноября 2026 года`, `last 3 hours`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from handlers.parsing.times.calendar_days import calendar_at, edge_at, existing, month_of
from handlers.parsing.times.clocks import CLOCK_WITH_A_POINT, clock_at, hours_at
from handlers.parsing.times.lengths import amounts_at, one_at
from handlers.parsing.times.model import (
    END_OF_DAY,
    MINUTES_IN,
    Atom,
    Clock,
    Day,
    Days,
    Found,
    Hours,
    Moment,
    NotATime,
    Rolling,
)
from handlers.parsing.times.words import (
    ADJECTIVES_OF_DAYS,
    AGO,
    AND,
    AT,
    BETWEEN,
    COUNTS_ONE,
    DAY_PARTS,
    DAYS_AHEAD,
    FROM,
    HOURS_OF,
    LAST,
    MONTHS,
    NEXT,
    NOW,
    ROLLING,
    THIS,
    UNITS,
    UP_TO,
    WEEKDAYS,
    WEEKENDS,
    DayPart,
    Unit,
)

MAX_WORDS = 8
# Of these a unit alone is a period.
LONG = frozenset({Unit.WEEKS, Unit.MONTHS, Unit.QUARTERS, Unit.YEARS})
YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
# 12-11-25 is a telephone number of six digits.
DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})|(\d{1,2})-(\d{1,2})-(\d{4})")
SHORT_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})")
DAY_NUMBER = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?")
DAY_AND_MONTH = re.compile(r"(\d{1,2})([a-zа-я]{3,9})|([a-zа-я]{3,9})(\d{1,2})")
YEAR = re.compile(r"(?:19|20|21)\d\d")
YEAR_WORDS = frozenset({"г", "года", "год", "year"})


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
            return one_at(words)
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
            lambda words: calendar_at(words, self.today),
            lambda words: edge_at(words, self.today),
            self._ago,
            self._rolling,
            self._now,
            self._part_of_day,
            self._dates,
            amounts_at,
            clock_at,
            hours_at,
        )

    def _now(self, words: Sequence[str]) -> Found[Moment] | None:
        return (Moment(self.now.replace(microsecond=0)), 1) if words and words[0] in NOW else None

    def _written_date(self, words: Sequence[str]) -> Found[Day] | None:
        """`2026-11-28`, `28.11.26`, `28/11/2026`, `28.11`, `28nov`, `2026-11-28T09:00`."""
        word = words[0] if words else ""
        if (found := YEAR_FIRST.fullmatch(word)) is not None:
            return Day(existing(int(found[1]), int(found[2]), int(found[3]), word)), 1
        if (found := DAY_FIRST.fullmatch(word)) is not None:
            day, month, year = (int(part) for part in found.groups() if part is not None)
            year += 2000 if year < 100 else 0
            # 11/24/2026 can only be the 24th of November.
            if month > 12 and "/" in word:
                day, month = month, day
            return Day(existing(year, month, day, word)), 1
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
                return Day(existing(year[0], month, int(day[1]), f"{written} {year[0]}")), count + year[1]
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
        start = existing(end.date.year, end.date.month, int(day[1]), f"{first} {rest[0]}")
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
            return month_of(of_year[0], month), 1 + of_year[1]
        year = self.today.year
        if self.is_ahead:
            year += month < self.today.month
        else:
            year -= month > self.today.month or (qualifier in LAST and month == self.today.month)
        return month_of(year, month), 1 + count

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

    def _ago(self, words: Sequence[str]) -> Found[Day | Moment] | None:
        """`3 days ago`, `2 часа назад`, `неделю назад`."""
        length = amounts_at(words) or one_at(words)
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
        found = amounts_at(words[1:])
        if found is None:
            found = one_at(words[1:])
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
        this_year = existing(self.today.year, month, day, written)
        if self.is_ahead:
            return this_year if this_year >= self.today else existing(self.today.year + 1, month, day, written)
        return this_year if this_year <= self.today else existing(self.today.year - 1, month, day, written)

"""Recognize one time at the beginning of some words: a day, a clock time, a length. Pure.

The words are folded: see `fold`. A time of several words is taken whole: `28 ноября 2026 года`, `last 3 hours`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial

from handlers.parsing.times.calendar_days import (
    calendar_at,
    day_in_it,
    days_of_week,
    edge_at,
    half_at,
    new_year,
    part_of_year,
)
from handlers.parsing.times.clocks import clock_at, hours_at
from handlers.parsing.times.dates import date_at, dated_weekday, dates_at, day_of_month, month_or_year, written_date
from handlers.parsing.times.lengths import amounts_at, length_at, one_at
from handlers.parsing.times.model import (
    END_OF_DAY,
    MINUTES_IN,
    Atom,
    Calendar,
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
    AT,
    BEFORE_LAST,
    DAY_PARTS,
    DAYS_AHEAD,
    FROM,
    HOURS_OF,
    LAST,
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
        found = [one for rule in self._rules(before) if (one := rule(words)) is not None]
        if not found and words and UNITS.get(words[0]) in LONG and not self.is_ahead:
            return one_at(words)
        # `до 3 дня` is a time, `на 3 дня` a length.
        is_clock = before in UP_TO | FROM | AT
        return max(found, key=lambda one: (one[1], isinstance(one[0], Clock) and is_clock), default=None)

    def _rules(self, before: str) -> tuple[Callable[[Sequence[str]], Found[Atom] | None], ...]:
        calendar = Calendar(self.today, self.is_ahead)
        of_calendar = (
            written_date,
            date_at,
            dated_weekday,
            month_or_year,
            day_in_it,
            days_of_week,
            part_of_year,
            half_at,
            calendar_at,
            edge_at,
            new_year,
            day_of_month,
            dates_at,
        )
        return (
            *(partial(rule, calendar=calendar) for rule in of_calendar),
            self._relative_day,
            self._weekday,
            self._weekend,
            self._ago,
            self._rolling,
            self._now,
            self._part_of_day,
            partial(length_at, before=before),
            clock_at,
            hours_at,
        )

    def _now(self, words: Sequence[str]) -> Found[Moment] | None:
        return (Moment(self.now.replace(microsecond=0)), 1) if words and words[0] in NOW else None

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
        if len(words) > 1 and words[0] in LAST | BEFORE_LAST | THIS | NEXT | ROLLING:
            qualifier, count, words = words[0], 2, words[1:]
        if not words or (number := WEEKDAYS.get(words[0])) is None:
            return None
        if qualifier in THIS:
            days = number - self.today.weekday()
        elif self.is_ahead or qualifier in NEXT:
            days = (number - self.today.weekday() - 1) % 7 + 1
        else:
            days = -((self.today.weekday() - number) % 7)
            days = (days or (-7 if qualifier else 0)) - 7 * (qualifier in BEFORE_LAST)
        return replace(self._day(days), is_weekday=True), count

    def _weekend(self, words: Sequence[str]) -> Found[Days] | None:
        qualifier, count = "", 1
        if len(words) > 1 and words[0] in LAST | BEFORE_LAST | THIS | NEXT:
            qualifier, count, words = words[0], 2, words[1:]
        if not words or words[0] not in WEEKENDS:
            return None
        saturday = self.today + timedelta(days=5 - self.today.weekday())
        is_weekend = self.today.weekday() >= 5
        if qualifier in NEXT:
            saturday += timedelta(weeks=is_weekend)
        elif qualifier not in THIS and not self.is_ahead:
            saturday -= timedelta(weeks=not is_weekend or qualifier in LAST | BEFORE_LAST)
            saturday -= timedelta(weeks=qualifier in BEFORE_LAST)
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
        if len(words) > 1 and words[0] in BEFORE_LAST and words[1] in DAY_PARTS:
            raise NotATime(" ".join(words[:2]))
        count = 1
        if len(words) > 1 and (words[0] in THIS or (words[0] in LAST and DAY_PARTS.get(words[1]) is DayPart.NIGHT)):
            count, words = 2, words[1:]
        part = DAY_PARTS.get(words[0]) if words else None
        return (Hours(*HOURS_OF[part], part), count) if part is not None else None

    def _day(self, days: int) -> Day:
        return Day(self.today + timedelta(days=days))

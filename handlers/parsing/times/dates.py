"""Recognize dates: `2026-11-28`, `28.11`, `28 ноября 2026 года`, `1st to 15th of november`, `15 числа`. Pure."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from handlers.parsing.times.clocks import CLOCK_WITH_A_POINT
from handlers.parsing.times.model import Calendar, Day, Days, Found, NotATime
from handlers.parsing.times.numerals import OF_MONTH, ordinal_at
from handlers.parsing.times.words import (
    AND,
    ARTICLES,
    BETWEEN,
    FROM,
    LAST,
    MONTHS,
    NEXT,
    THIS,
    UNITS,
    UP_TO,
    WEEKDAYS,
    Unit,
)

YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
# 12-11-25 is a telephone number of six digits.
DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})г?|(\d{1,2})-(\d{1,2})-(\d{4})")
SHORT_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})")
BARE_NUMBER = re.compile(r"\d{1,2}")
DAY_AND_MONTH = re.compile(r"(\d{1,2})([a-zа-я]{3,9})|([a-zа-я]{3,9})(\d{1,2})")
YEAR = re.compile(r"((?:19|20|21)\d\d)г?")
YEAR_WORDS = frozenset({"г", "года", "год", "году", "year"})


def month_of(year: int, month: int) -> Days:
    return Days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def existing(year: int, month: int, day: int, written: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotATime(written) from None


def written_date(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`2026-11-28`, `28.11.26`, `28/11/2026`, `28.11`, `28nov`."""
    word = words[0] if words else ""
    if (found := YEAR_FIRST.fullmatch(word)) is not None:
        return _dated(existing(int(found[1]), int(found[2]), int(found[3]), word)), 1
    if (found := DAY_FIRST.fullmatch(word)) is not None:
        day, month, year = (int(part) for part in found.groups() if part is not None)
        year += 2000 if year < 100 else 0
        # 11/24/2026 can only be the 24th of November.
        if month > 12 and "/" in word:
            day, month = month, day
        return _dated(existing(year, month, day, word)), 1 + (words[1:2] in (["г"], ["года"]))
    if SHORT_DATE.fullmatch(word) and not CLOCK_WITH_A_POINT.fullmatch(word):
        day, month = (int(part) for part in re.split("[./]", word))
        if month > 12 and "/" in word:
            day, month = month, day
        return _dated(_without_year(day, month, word, calendar)), 1
    if (found := DAY_AND_MONTH.fullmatch(word)) is not None and (month := MONTHS.get(found[2] or found[3], 0)):
        return _dated(_without_year(int(found[1] or found[4]), month, word, calendar)), 1
    return None


def date_at(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`28 ноября 2026 года`, `Nov 24, 2026`, `24th of november`, `первого сентября`."""
    is_month_first = bool(words) and words[0] in MONTHS
    if (day := _day_number(words[1:] if is_month_first else words)) is None:
        return None
    number, count = day
    if not is_month_first:
        count += list(words[count : count + 1]) == ["of"]
    count += 1
    if len(words) < count or (month := MONTHS.get(words[0 if is_month_first else count - 1])) is None:
        return None
    written = " ".join(words[:count])
    if (year := year_behind(words[count:], calendar, is_short=True)) is not None:
        return _dated(existing(year[0], month, number, f"{written} {year[0]}")), count + year[1]
    return _dated(_without_year(number, month, written, calendar)), count


def dated_weekday(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`Mon, Nov 23`, `пн, 23 ноября`. Raises NotATime if it is another weekday."""
    weekday = WEEKDAYS.get(words[0]) if words else None
    found = weekday is not None and (date_at(words[1:], calendar) or written_date(words[1:], calendar))
    if not found:
        return None
    if found[0].date.weekday() != weekday:
        raise NotATime(" ".join(words[: found[1] + 1]))
    return found[0], found[1] + 1


def day_of_month(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`15 числа`, `15-го`, `the 15th`."""
    found = _day_number(words)
    if found is None or not words[0][0].isdecimal():
        return None
    number, count = found
    if words[count : count + 1] and words[count] in OF_MONTH:
        count += 1
    elif BARE_NUMBER.fullmatch(words[0]):
        return None
    return _dated(_in_a_month(number, " ".join(words[:count]), calendar)), count


def dates_at(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`9-12 ноября`, `from 9 to 12 november`, `november 1st to 15th`, `с 9 по 12 число`."""
    count = next((at for at, word in enumerate(words) if word not in FROM | BETWEEN | ARTICLES), len(words))
    is_between = any(word in BETWEEN for word in words[:count])
    if (found := _first_and_last(words[count:])) is None:
        return None
    (first, last, month, rest), between = found
    if between in AND and not is_between and last != first + 1:
        # Two days, not all from one to the other.
        raise NotATime(" ".join(words[: len(words) - len(rest)]))
    written = " ".join(words[count : len(words) - len(rest)])
    year = year_behind(rest, calendar, is_short=False) if month else None
    if year is not None:
        end = existing(year[0], month, last, written)
    elif month:
        end = _without_year(last, month, written, calendar)
    else:
        end = _in_a_month(last, written, calendar)
    start = _until(end, first, written)
    return Days(start, end), len(words) - len(rest) + (year[1] if year is not None else 0)


def _first_and_last(words: Sequence[str]) -> tuple[tuple[int, int, int, Sequence[str]], str] | None:
    """Return the two days, the month (0 for `числа`) and the words behind them; and the word between the days."""
    month = MONTHS.get(words[0]) if words else None
    rest = words[1:] if month is not None else words
    joined = re.fullmatch(r"(\d{1,2})[-–—](\d{1,2})", rest[0]) if rest else None
    if joined is not None:
        first, last, rest, between = int(joined[1]), int(joined[2]), rest[1:], "-"
    else:
        if (one := _day_number(rest)) is None or len(rest) <= one[1] or rest[one[1]] not in UP_TO | AND:
            return None
        first, between, rest = one[0], rest[one[1]], rest[one[1] + 1 :]
        rest = rest[1:] if rest and rest[0] in ARTICLES else rest
        if (two := _day_number(rest)) is None:
            return None
        last, rest = two[0], rest[two[1] :]
    if month is None:
        rest = rest[1:] if rest and rest[0] == "of" else rest
        if not rest or (rest[0] not in MONTHS and rest[0] not in OF_MONTH):
            return None
        month, rest = MONTHS.get(rest[0], 0), rest[1:]
    return (first, last, month, rest), between


def month_or_year(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`november`, `ноябре 2025`, `last november`, `2025 год`."""
    count, qualifier = 0, ""
    if len(words) > 1 and (words[0] in LAST or words[0] in THIS or words[0] in NEXT):
        qualifier, words, count = words[0], words[1:], 1
    if not qualifier and words and (found := YEAR.fullmatch(words[0])):
        is_named = words[1:2] != [] and words[1] in YEAR_WORDS
        if is_named or words[0] != found[1]:
            return Days(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31)), 1 + is_named
    if not words or (month := MONTHS.get(words[0])) is None:
        return None
    if not qualifier and (of_year := year_behind(words[1:], calendar, is_short=False)) is not None:
        return month_of(of_year[0], month), 1 + of_year[1]
    year, today = calendar.today.year, calendar.today
    if calendar.is_ahead:
        year += month < today.month
    else:
        year -= month > today.month or (qualifier in LAST and month == today.month)
    return month_of(year, month), 1 + count


def year_behind(words: Sequence[str], calendar: Calendar, *, is_short: bool) -> Found[int] | None:
    """Year behind a day, month or quarter: `2025`, `2025 года`, `last year`, `прошлого года`. `is_short`: this year
    may also be `26`, any other one `25 года`."""
    at = 1 if words and words[0] == "of" else 0
    if len(words) <= at:
        return None
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    named = following in YEAR_WORDS
    if found := YEAR.fullmatch(word):
        return int(found[1]), at + (2 if named else 1)
    if UNITS.get(following) is Unit.YEARS and (word in LAST or word in THIS):
        return calendar.today.year - (word in LAST), at + 2
    short = f"{calendar.today.year % 100:02}"
    if is_short and BARE_NUMBER.fullmatch(word) and (named or (word == short and following not in MONTHS)):
        return 2000 + int(word), at + (2 if named else 1)
    return None


def _day_number(words: Sequence[str]) -> Found[int] | None:
    if words and BARE_NUMBER.fullmatch(words[0]):
        return int(words[0]), 1
    return ordinal_at(words)


def _dated(day: date) -> Day:
    return Day(day, is_dated=True)


def _without_year(day: int, month: int, written: str, calendar: Calendar) -> date:
    """Return the nearest such day. Raises NotATime."""
    this_year = existing(calendar.today.year, month, day, written)
    if calendar.is_ahead:
        return this_year if this_year >= calendar.today else existing(this_year.year + 1, month, day, written)
    return this_year if this_year <= calendar.today else existing(this_year.year - 1, month, day, written)


def _in_a_month(day: int, written: str, calendar: Calendar) -> date:
    """Return the nearest such day of any month. Raises NotATime."""
    today = calendar.today
    is_other = day < today.day if calendar.is_ahead else day > today.day
    month = today.year * 12 + today.month - 1 + (0 if not is_other else 1 if calendar.is_ahead else -1)
    return existing(month // 12, month % 12 + 1, day, written)


def _until(end: date, first: int, written: str) -> date:
    """Return the day of that number in the same month, or in the one before: `с 28 по 2 ноября`."""
    month = end.year * 12 + end.month - 1 - (first > end.day)
    return existing(month // 12, month % 12 + 1, first, written)

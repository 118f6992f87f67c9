"""Recognize whole weeks, months, quarters and years, and the days in them: `last week`, `3 квартал 2025`, `monday last
week`, `last friday of october`, `конца месяца`. Pure."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from handlers.parsing.times.dates import month_of, month_or_year, year_behind
from handlers.parsing.times.model import MINUTES_IN, Calendar, Day, Days, Found, NotATime
from handlers.parsing.times.numerals import HALF_YEARS, PARTS_IN_HALVES, ROMAN, ordinal_at
from handlers.parsing.times.words import (
    ARTICLES,
    AT,
    BEFORE_LAST,
    BEGINNING,
    END,
    FROM,
    LAST,
    NEXT,
    ROLLING,
    THIS,
    TO_DATE,
    UNITS,
    UP_TO,
    WEEKDAYS,
    Unit,
)

# Between a day and the week or month that it is in.
WITHIN = AT | ARTICLES | frozenset({"in", "on", "на", "рабочего", "working"})
MAX_WITHIN = 2
NEW = frozenset({"new", "новый", "нового", "новым", "новому"})
# Of an ordinal number: 3 квартал is one, 3 квартала are three.
ONE_QUARTER = frozenset({"квартал", "квартале", "кв", "quarter"})


def calendar_span(today: date, unit: Unit, ahead: int) -> Days:
    """Return the unit of the calendar that is `ahead` of today's."""
    if unit is Unit.DAYS:
        return Days(today + timedelta(days=ahead), today + timedelta(days=ahead))
    if unit is Unit.WEEKS:
        monday = today + timedelta(weeks=ahead, days=-today.weekday())
        return Days(monday, monday + timedelta(days=6))
    if unit is Unit.YEARS:
        return Days(date(today.year + ahead, 1, 1), date(today.year + ahead, 12, 31))
    months = 3 if unit is Unit.QUARTERS else 1
    index = (today.year * 12 + today.month - 1) // months * months + ahead * months
    last = index + months - 1
    return Days(date(index // 12, index % 12 + 1, 1), month_of(last // 12, last % 12 + 1).last)


def calendar_at(words: Sequence[str], calendar: Calendar) -> Found[Day | Days] | None:
    """`this week`, `прошлый месяц`, `next year`, `позапрошлая неделя`, `the week before last`: a whole one of the
    calendar; `year to date`, `ytd`: this one."""
    if words and (unit := TO_DATE.get(words[0])) is not None:
        return calendar_span(calendar.today, unit, 0), 1
    if (found := _unit_and_which(words, calendar.today)) is not None:
        return found
    if len(words) < 2 or (unit := UNITS.get(words[1])) is None or unit in MINUTES_IN or len(words[1]) < 2:
        return None
    for qualifiers, ahead in ((THIS, 0), (LAST, -1), (BEFORE_LAST, -2), (NEXT, 1)):
        if words[0] in qualifiers:
            span = calendar_span(calendar.today, unit, ahead)
            return (Day(span.first) if unit is Unit.DAYS else span), 2
    return None


def _unit_and_which(words: Sequence[str], today: date) -> Found[Day | Days] | None:
    """`week before last`, `year to date`."""
    ahead = {"before last": -2, "to date": 0}.get(" ".join(words[1:3]))
    if ahead is None or (unit := UNITS.get(words[0])) is None or unit in MINUTES_IN or unit is Unit.DAYS:
        return None
    return calendar_span(today, unit, ahead), 3


def part_of_year(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`Q3`, `3 квартал 2025 года`, `third quarter`, `первое полугодие`."""
    if words and len(words[0]) == 2 and words[0][0] == "q" and words[0][1] in "1234":
        number, months, count = int(words[0][1]), 3, 1
    elif (found := _ordinal(words)) is None or len(words) <= found[1]:
        return None
    else:
        number, count = found
        months = 3 if words[count] in ONE_QUARTER else 6 if words[count] in HALF_YEARS else 0
        # 2 quarters are a length.
        if not months or number > 12 // months:
            return None
        count += 1
    if (year := year_behind(words[count:], calendar, is_short=False)) is not None:
        return _months(year[0], number, months), count + year[1]
    span, today = _months(calendar.today.year, number, months), calendar.today
    if calendar.is_ahead and span.last < today:
        span = _months(today.year + 1, number, months)
    elif not calendar.is_ahead and span.first > today:
        span = _months(today.year - 1, number, months)
    return span, count


def half_at(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`first half of november`, `вторая половина года`."""
    found = ordinal_at(words)
    if found is None or found[0] > 2 or not any(word in PARTS_IN_HALVES for word in words[found[1] : found[1] + 1]):
        return None
    if (whole := _span_within(words, found[1] + 1, calendar)) is None:
        return None
    span, count = whole
    if span == month_of(span.first.year, span.first.month):
        middle = span.first.replace(day=15)
    elif span == _months(span.first.year, 1, 12):
        middle = span.first.replace(month=6, day=30)
    else:
        return None
    return (Days(span.first, middle) if found[0] == 1 else Days(middle + timedelta(days=1), span.last)), count


def new_year(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`new year`, `нового года`: its first day."""
    if len(words) < 2 or words[0] not in NEW or UNITS.get(words[1]) is not Unit.YEARS:
        return None
    first = date(calendar.today.year + calendar.is_ahead, 1, 1)
    return Days(first, first), 2


def edge_at(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`beginning of the month`, `конца недели`, `end of october`, `конца следующей недели`."""
    if not words or (words[0] not in BEGINNING and words[0] not in END):
        return None
    if (found := _span_within(words, 1, calendar)) is None:
        return None
    return Day(found[0].first if words[0] in BEGINNING else found[0].last), found[1]


def day_in_it(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    """`monday last week`, `last friday of october`, `второй вторник месяца`, `последний день октября`; and
    `last week on monday`. Raises NotATime for a fifth monday that does not exist."""
    return _weekday_of_week(words, calendar) or _week_and_weekday(words, calendar) or _nth(words, calendar)


def _weekday_of_week(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    if not words or (number := WEEKDAYS.get(words[0])) is None:
        return None
    found = _span_within(words, 1, calendar)
    return (_weekday(found[0], number), found[1]) if found is not None and _is_week(found[0]) else None


def _week_and_weekday(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    week = calendar_at(words, calendar)
    if week is None or not isinstance(week[0], Days) or not _is_week(week[0]):
        return None
    at = _skip_within(words, week[1])
    number = WEEKDAYS.get(words[at]) if at < len(words) else None
    return (_weekday(week[0], number), at + 1) if number is not None else None


def days_of_week(words: Sequence[str], calendar: Calendar) -> Found[Days] | None:
    """`last week monday to friday`, `прошлой неделе с пн по ср`."""
    week = calendar_at(words, calendar)
    if week is None or not isinstance(week[0], Days) or not _is_week(week[0]):
        return None
    at = _skip_within(words, week[1])
    at += at < len(words) and words[at] in FROM
    match list(words[at : at + 3]):
        case [first, to, last] if to in UP_TO and WEEKDAYS.get(first, 7) < WEEKDAYS.get(last, 0):
            return Days(_weekday(week[0], WEEKDAYS[first]).date, _weekday(week[0], WEEKDAYS[last]).date), at + 3
    return None


def _nth(words: Sequence[str], calendar: Calendar) -> Found[Day] | None:
    is_last = bool(words) and (words[0] in LAST or words[0] in ROLLING)
    which = (0, 1) if is_last else _ordinal(words)
    if which is None or len(words) <= which[1] + 1:
        return None
    number, at = which
    named = words[at]
    weekday = WEEKDAYS.get(named)
    if weekday is None and UNITS.get(named) is not Unit.DAYS:
        return None
    if (found := _span_within(words, at + 1, calendar)) is None:
        return None
    span, count = found
    step = 7 if weekday is not None else 1
    if is_last:
        back = (span.last.weekday() - weekday) % 7 if weekday is not None else 0
        return Day(span.last - timedelta(days=back), is_weekday=weekday is not None), count
    ahead = (weekday - span.first.weekday()) % 7 if weekday is not None else 0
    day = span.first + timedelta(days=ahead + step * (number - 1))
    if not span.first <= day <= span.last:
        raise NotATime(" ".join(words[:count]))
    return Day(day, is_weekday=weekday is not None), count


def _span_within(words: Sequence[str], at: int, calendar: Calendar) -> Found[Days] | None:
    """Return the week, month or year behind the first words: `of october`, `прошлой недели`, `месяца`; with the number
    of all words."""
    at = _skip_within(words, at)
    rest = words[at:]
    if (found := part_of_year(rest, calendar) or month_or_year(rest, calendar)) is not None:
        return found[0], at + found[1]
    if (whole := calendar_at(rest, calendar)) is not None:
        span = whole[0] if isinstance(whole[0], Days) else Days(whole[0].date, whole[0].date)
        return span, at + whole[1]
    unit = UNITS.get(rest[0]) if rest else None
    if unit is None or unit in MINUTES_IN or len(rest[0]) < 2:
        return None
    return calendar_span(calendar.today, unit, 0), at + 1


def _skip_within(words: Sequence[str], at: int) -> int:
    for _ in range(MAX_WITHIN):
        at += at < len(words) and words[at] in WITHIN
    return at


def _ordinal(words: Sequence[str]) -> Found[int] | None:
    """`3`, `3-й`, `third`, `III`."""
    if words and words[0] in ROMAN:
        return ROMAN[words[0]], 1
    if words and words[0] in ("1", "2", "3", "4"):
        return int(words[0]), 1
    return ordinal_at(words)


def _months(year: int, number: int, months: int) -> Days:
    last = number * months
    return Days(date(year, last - months + 1, 1), date(year, last, monthrange(year, last)[1]))


def _is_week(span: Days) -> bool:
    return (span.last - span.first).days == 6 and span.first.weekday() == 0


def _weekday(week: Days, number: int) -> Day:
    return Day(week.first + timedelta(days=number), is_weekday=True)

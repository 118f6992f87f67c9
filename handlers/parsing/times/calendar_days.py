"""Days, weeks, months, quarters and years of the calendar. Pure."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from handlers.parsing.times.model import MINUTES_IN, Day, Days, Found, NotATime
from handlers.parsing.times.words import ARTICLES, BEGINNING, END, LAST, NEXT, THIS, UNITS, Unit


def month_of(year: int, month: int) -> Days:
    return Days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def calendar_span(today: date, unit: Unit, ahead: int) -> tuple[date, date]:
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
    return date(index // 12, index % 12 + 1, 1), month_of(last // 12, last % 12 + 1).last


def existing(year: int, month: int, day: int, written: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotATime(written) from None


def calendar_at(words: Sequence[str], today: date) -> Found[Day | Days] | None:
    """`this week`, `прошлый месяц`, `next year`: a whole one of the calendar."""
    if len(words) < 2 or (unit := UNITS.get(words[1])) is None or unit in MINUTES_IN or len(words[1]) < 2:
        return None
    for qualifiers, ahead in ((THIS, 0), (LAST, -1), (NEXT, 1)):
        if words[0] in qualifiers:
            first, last = calendar_span(today, unit, ahead)
            return (Day(first) if unit is Unit.DAYS else Days(first, last)), 2
    return None


def edge_at(words: Sequence[str], today: date) -> Found[Day] | None:
    """`beginning of the month`, `конца недели`."""
    if not words or (words[0] not in BEGINNING and words[0] not in END):
        return None
    at = 1
    while at < len(words) and (words[at] in ARTICLES or words[at] in THIS or words[at] in ("рабочего", "working")):
        at += 1
    unit = UNITS.get(words[at]) if at < len(words) else None
    if unit is None or unit in MINUTES_IN or len(words[at]) < 2:
        return None
    first, last = calendar_span(today, unit, 0)
    return Day(first if words[0] in BEGINNING else last), at + 1

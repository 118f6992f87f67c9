"""Words for a stretch of time: `today`, `yesterday`, `7d`, a date, two dates; in Russian too. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

TODAY = frozenset({"today", "сегодня"})
YESTERDAY = frozenset({"yesterday", "вчера"})
DAYS = re.compile(r"(\d{1,3})\s*(?:d|days?|д|дн|дней|дня)")
# The PBX refuses more than 365 days at once.
MOST_DAYS = 365


class NotAPeriod(ValueError):
    """The text, or a part of it, means no time that could be asked for."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the station's calendar, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last, time(23, 59, 59))


def read_period(text: str, today: date) -> Period:
    """`today` is the station's date. Raises NotAPeriod."""
    words = text.lower().split()
    if not words or (len(words) == 1 and words[0] in TODAY):
        return Period(today, today)
    if len(words) == 1 and words[0] in YESTERDAY:
        return Period(today - timedelta(days=1), today - timedelta(days=1))
    if days := DAYS.fullmatch(" ".join(words)):
        return _last_days(int(days[1]), today)
    dates = [_date(word) for word in words if word not in ("-", "–", "—")]
    if not 1 <= len(dates) <= 2:
        raise NotAPeriod(text)
    first, last = min(dates), max(dates)
    if (last - first).days >= MOST_DAYS:
        raise NotAPeriod(text)
    return Period(first, last)


def _last_days(days: int, today: date) -> Period:
    if not 1 <= days <= MOST_DAYS:
        raise NotAPeriod(f"{days}d")
    return Period(today - timedelta(days=days - 1), today)


def _date(word: str) -> date:
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
    raise NotAPeriod(word)

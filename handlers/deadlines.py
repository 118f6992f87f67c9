"""Until when something holds: `for 8h`, `7d`, `until 18:00`, `until 2026-12-01`; in Russian too. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

LEADING = frozenset({"for", "until", "till", "to", "на", "до", "по"})
UNITS = {
    "min": "minutes",
    "мин": "minutes",
    "h": "hours",
    "ч": "hours",
    "d": "days",
    "д": "days",
    "w": "weeks",
    "нед": "weeks",
}
LENGTH = re.compile(rf"(\d{{1,4}})({'|'.join(UNITS)})[^\W\d_]*")
DATE_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y")
SHORT_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
END_OF_DAY = time(23, 59, 59)
LONGEST = timedelta(days=3660)


class NotADeadline(ValueError):
    """A word that looks like a time and is none that is still to come."""


def take_deadline(words: Sequence[str], now: datetime) -> tuple[datetime | None, list[str]]:
    """The moment in the words, wherever it stands, None when there is none; and the other words. `now` is the station's
    wall clock, and so is the answer. A day ends with its last second. Raises NotADeadline."""
    day, clock, until, rest = None, None, None, list[str]()
    for word in _joined(words):
        lower = word.lower()
        if (length := LENGTH.fullmatch(lower)) is not None:
            until = now + _length(length)
        elif (found := _date(lower, now)) is not None:
            day = found
        elif (found_time := TIME.fullmatch(lower)) is not None:
            clock = time(int(found_time[1]), int(found_time[2]))
        elif lower not in LEADING:
            rest.append(word)
    if day is not None or clock is not None:
        until = _moment(day, clock, now)
    if until is not None and not now < until <= now + LONGEST:
        raise NotADeadline(f"{until:%Y-%m-%d %H:%M}")
    return until, rest


def _joined(words: Sequence[str]) -> list[str]:
    """`8 hours` is one word."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].isdecimal() and LENGTH.fullmatch(joined[-1] + word.lower()):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _length(found: re.Match[str]) -> timedelta:
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _date(word: str, now: datetime) -> datetime | None:
    if word in ("tomorrow", "завтра"):
        return now + timedelta(days=1)
    for form in DATE_FORMS:
        try:
            return datetime.strptime(word, form)  # noqa: DTZ007 (the station's wall clock has no zone)
        except ValueError:
            continue
    if (short := SHORT_DATE.fullmatch(word)) is None:
        return None
    try:
        # Without a year it is the next such day that comes.
        this_year = datetime(now.year, int(short[2]), int(short[1]))  # noqa: DTZ001 (the same)
        return this_year if this_year.date() >= now.date() else this_year.replace(year=now.year + 1)
    except ValueError:
        raise NotADeadline(word) from None


def _moment(day: datetime | None, clock: time | None, now: datetime) -> datetime:
    moment = datetime.combine((day or now).date(), clock or END_OF_DAY)
    return moment + timedelta(days=1) if day is None and moment <= now else moment

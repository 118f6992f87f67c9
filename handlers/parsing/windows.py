"""Parse a maintenance window: `tomorrow 02:00-04:00`, `sat 02:00 for 2h`, `weekly sat,sun 02:00-04:00`, `daily
03:00-03:15`; in Russian too. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.parsing.deadlines import TIME, WEEKDAYS, NotADeadline, day_of, length_in

DAY = timedelta(days=1)
MAX_WEEKLY_LENGTH = DAY
GROUPS = {
    **dict.fromkeys(("weekdays", "будни", "будням"), frozenset(range(5))),
    **dict.fromkeys(("weekend", "weekends", "выходные", "выходным"), frozenset({5, 6})),
}
DAILY = frozenset({"daily", "ежедневно", "everyday"})
WEEKLY = frozenset({"weekly", "еженедельно", "every", "каждый", "каждую", "каждое", "каждые"})
ANY_DAY = frozenset({"day", "день"})
NOW = frozenset({"now", "сейчас"})
TODAY = frozenset({"today", "сегодня"})
BETWEEN = frozenset({"-", "–", "—", "to", "till", "until", "до", "по"})
LEADING = frozenset({"from", "at", "on", "for", "and", "с", "со", "в", "во", "на", "по", "и"})
TIMES = re.compile(r"(\d{1,2}:\d{2})[-–—](\d{1,2}:\d{2})")
MIDNIGHT = "24:00"
MAX_LENGTH_WORDS = 4
# Every weekday by name, with a start and an end, takes about twenty words.
MAX_WORDS = 40


class NotAWindow(ValueError):
    """Words without a valid future maintenance window."""


@dataclass(frozen=True, slots=True)
class OneTimeWindow:
    """Window in station local time, naive. `exactly`: its length is elapsed time, also over a DST change."""

    begins: datetime
    ends: datetime
    exactly: bool = False


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    days: frozenset[int]
    starts: time
    minutes: int


def is_window(words: Sequence[str], now: datetime) -> bool:
    """Return True if the words begin with a time."""
    try:
        return _WindowReader(now).take(words[:1]) > 0 or _WindowReader(now).take(words[:2]) > 0
    except NotAWindow:
        return True


def take_window(words: Sequence[str], now: datetime) -> tuple[OneTimeWindow | WeeklyWindow, list[str]]:
    """Parse the window in the first words; return it and the remaining words. `now`: station local time, naive. Raises
    NotAWindow."""
    reader = _WindowReader(now)
    consumed = reader.take(words[:MAX_WORDS])
    return reader.window(), list(words[consumed:])


class _WindowReader:
    """Word-by-word parser that stops at the first word that is not a time."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._repeats = False
        self._days: frozenset[int] = frozenset()
        self._date: date | None = None
        self._clock: list[str] = []
        self._length: timedelta | None = None
        self._from_now = False

    def take(self, words: Sequence[str]) -> int:
        """Return the number of words consumed."""
        consumed = at = 0
        while at < len(words):
            word = words[at].lower().rstrip(",")
            if length := self._take_length(words[at : at + MAX_LENGTH_WORDS]):
                consumed = at = at + length
                continue
            at += 1
            if self._take(word):
                consumed = at
            elif word not in BETWEEN | LEADING:
                break
        return consumed

    def _take(self, word: str) -> bool:
        """Consume a word; return False if it is not a time."""
        if span := TIMES.fullmatch(word):
            return self._take(span[1]) and self._take(span[2])
        if word in DAILY or (word in ANY_DAY and self._repeats and not self._days):
            self._repeats, self._days = True, frozenset(range(7))
        elif word in WEEKLY:
            self._repeats = True
        elif days := _days(word):
            self._days |= days
        elif word in NOW and not (self._clock or self._length):
            self._from_now = True
        elif word == MIDNIGHT or TIME.fullmatch(word):
            self._clock.append(word)
        else:
            return self._take_other(word)
        return True

    def _take_length(self, words: Sequence[str]) -> int:
        """Return the number of leading words that are a duration: `2h`, `for 2 hours`, `на полчаса`."""
        for count in range(len(words), 0, -1):
            length = length_in(words[:count])
            if length is not None and words[count - 1].lower() not in LEADING:
                self._length = length
                return count
        return 0

    def _take_other(self, word: str) -> bool:
        if word in TODAY:
            self._date = self._now.date()
        elif (found := _date(word, self._now)) is not None:
            self._date = found
        else:
            return False
        return True

    def window(self) -> OneTimeWindow | WeeklyWindow:
        if self._from_now or not self._clock:
            return self._beginning_now()
        first, length = _time(self._clock[0]), self._length
        if len(self._clock) > 2 or (len(self._clock) == 2) == (length is not None):
            raise NotAWindow(" ".join(self._clock))
        if length is None:
            last = timedelta() if self._clock[1] == MIDNIGHT else _since_midnight(_time(self._clock[1]))
            length = (last - _since_midnight(first)) % DAY or DAY
        if self._repeats or len(self._days) > 1:
            return self._weekly(first, length)
        return self._one_time(first, length)

    def _beginning_now(self) -> OneTimeWindow:
        if self._repeats or self._date or self._days or self._clock or self._length is None:
            raise NotAWindow("")
        return OneTimeWindow(self._now, self._now + self._length, exactly=True)

    def _weekly(self, starts: time, length: timedelta) -> WeeklyWindow:
        if not self._days or self._date is not None or not timedelta() < length <= MAX_WEEKLY_LENGTH:
            raise NotAWindow("")
        return WeeklyWindow(self._days, starts, int(length.total_seconds()) // 60)

    def _one_time(self, first: time, length: timedelta) -> OneTimeWindow:
        begins = datetime.combine(self._date or self._now.date(), first)
        if self._days and self._date is None:
            (day,) = self._days
            begins += DAY * ((day - begins.weekday()) % 7)
        if begins + length <= self._now and self._date is None:
            begins += DAY * (7 if self._days else 1)
        if not self._now < begins + length or not length:
            raise NotAWindow(f"{begins:%Y-%m-%d %H:%M}")
        return OneTimeWindow(max(begins, self._now), begins + length, exactly=self._length is not None)


def _days(word: str) -> frozenset[int]:
    """Parse `sat`, `sat,sun`, `mon-fri`, `weekdays`; empty for any other word."""
    days: set[int] = set()
    for part in word.split(","):
        first, _, last = part.partition("-")
        if part in GROUPS:
            days |= GROUPS[part]
        elif first in WEEKDAYS and (last or first) in WEEKDAYS:
            begin, end = WEEKDAYS[first], WEEKDAYS[last or first]
            days |= {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
        else:
            return frozenset()
    return frozenset(days)


def _date(word: str, now: datetime) -> date | None:
    try:
        found = day_of(word, now)
    except NotADeadline as wrong:
        raise NotAWindow(str(wrong)) from None
    return found.date() if found is not None else None


def _time(word: str) -> time:
    if word == MIDNIGHT:
        raise NotAWindow(word)
    hours, _, minutes = word.partition(":")
    return time(int(hours), int(minutes))


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)

"""Parse a maintenance window: `tomorrow 02:00-04:00`, `sat 2am for 2h`, `weekly sat,sun 02:00-04:00`, `ежедневно с 3 до
4`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.clocks import hour_of
from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Hours, Length, Moment, NotATime, fold
from handlers.parsing.times.words import AND, AT, FILLERS, FROM, UNITS, UP_TO, WEEKDAYS, Unit

DAY = timedelta(days=1)
MAX_WEEKLY_LENGTH = DAY
# Longer ones are typing errors: a year instead of a day.
MAX_LENGTH = timedelta(days=92)
GROUPS = {
    **dict.fromkeys(("weekdays", "workdays", "будни", "будням", "будние", "рабочие", "рабочим"), frozenset(range(5))),
    **dict.fromkeys(("weekend", "weekends", "выходные", "выходным"), frozenset({5, 6})),
}
EVERY_DAY = frozenset(range(7))
DAILY = frozenset({"daily", "ежедневно", "everyday"})
WEEKLY = frozenset({"weekly", "еженедельно", "every", "каждый", "каждую", "каждое", "каждые"})
# In 2 hours is no length.
AFTER = frozenset({"in", "через"})
# Weekdays in the plural come every week: `mondays`, `понедельникам`.
EACH = frozenset(word for word in WEEKDAYS if word.endswith(("days", "ам", "ям")))
ANY_DAY = frozenset({"day", "день", "дни", "дням"})
BESIDE_TIMES = FROM | UP_TO | FILLERS | AND
# Every weekday by name, with a start and an end, takes about twenty words.
MAX_WORDS = 40
# `с 11 вечера до 1 ночи` is one time.
MAX_LEADING = 6


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
        return any(_WindowReader(now).take(words[:count]) for count in range(1, MAX_LEADING + 1))
    except NotAWindow:
        return True


def take_window(words: Sequence[str], now: datetime) -> tuple[OneTimeWindow | WeeklyWindow, list[str]]:
    """Parse the window in the first words; return it and the remaining words. `now`: station local time, naive. Raises
    NotAWindow."""
    reader = _WindowReader(now)
    consumed = reader.take(words[:MAX_WORDS])
    try:
        return reader.window(), list(words[consumed:])
    except OverflowError:
        raise NotAWindow(" ".join(words[:consumed])) from None


def take_weekly_time(words: Sequence[str], now: datetime) -> tuple[frozenset[int], time]:
    """Parse days of the week and one time of day, which are all of the words; no days if none are named. `now`: station
    local time, naive. Raises NotAWindow."""
    reader = _WindowReader(now)
    if reader.take(words[:MAX_WORDS]) != len(words):
        raise NotAWindow(" ".join(words))
    return reader.weekly_time()


class _WindowReader:
    """Parser that stops at the first word that belongs to no time."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._atoms = Atoms(now, is_ahead=True)
        self._repeats = False
        self._days: frozenset[int] = frozenset()
        # Weekdays, dates and clock times as they follow one another; and the number of them in front of `until`.
        self._order: list[int | date | Clock] = []
        self._until: int | None = None
        self._length: timedelta | None = None
        self._from_now = False

    @property
    def _clock(self) -> list[Clock]:
        return [one for one in self._order if isinstance(one, Clock)]

    @property
    def _dates(self) -> list[date]:
        return [one for one in self._order if isinstance(one, date)]

    def take(self, words: Sequence[str]) -> int:
        """Return the number of words consumed. Raises NotAWindow."""
        folded = [fold(word) for word in words]
        consumed = at = 0
        while at < len(folded):
            try:
                count = self._take(folded[at:], folded[at - 1] if at else "")
            except (NotATime, OverflowError) as wrong:
                raise NotAWindow(str(wrong)) from None
            if count:
                consumed = at = at + count
            elif folded[at] in BESIDE_TIMES:
                self._until = len(self._order) if folded[at] in UP_TO else self._until
                at += 1
            else:
                break
        return consumed

    def _take(self, words: Sequence[str], before: str) -> int:
        """Return the number of leading words that are a time: 0 if there is none. Raises NotATime."""
        word = words[0]
        if word in DAILY or (word in ANY_DAY and self._repeats and not self._days):
            self._repeats, self._days = True, EVERY_DAY
        elif word in ANY_DAY and before in GROUPS:
            # `по рабочим дням`.
            pass
        elif word in WEEKLY or (self._repeats and UNITS.get(word) is Unit.WEEKS):
            self._repeats = True
        elif days := _days(word):
            self._repeats |= word in EACH
            self._add_weekdays(days, word, is_last=before in UP_TO)
        else:
            return self._take_atom(words, before)
        return 1

    def _add_weekdays(self, days: frozenset[int], word: str, *, is_last: bool) -> None:
        """`is_last`: behind `to`, as friday in `monday to friday`. Raises NotATime."""
        first = self._order[-1] if self._order else None
        is_last = is_last and bool(self._order or self._days)
        if is_last and (len(days) > 1 or not isinstance(first, int | Clock) or (self._repeats and self._clock)):
            raise NotATime(word)
        if is_last and isinstance(first, int):
            (last,) = days
            days = weekdays_from_to(first, last)
        elif len(days) == 1:
            self._order += days
        self._days |= days

    def _take_atom(self, words: Sequence[str], before: str) -> int:
        match self._atoms.at(words, before):
            case Day(day, is_weekday), count:
                if is_weekday and count == 1:
                    self._add_weekdays(frozenset({day.weekday()}), words[0], is_last=before in UP_TO)
                else:
                    self._order.append(day)
            case Length() as length, count:
                if before in AFTER or self._length is not None:
                    raise NotATime(words[0])
                self._length = length.elapsed
            case Clock() as clock, count:
                self._order.append(clock)
            case Hours(start, end, None), count:
                self._order += [Clock(start), Clock(end, is_midnight_after=end == END_OF_DAY)]
            case Moment(moment), count if moment == self._now.replace(microsecond=0) and not self._clock:
                self._from_now = True
            case _ if before in AT and (hour := hour_of(words[0])) is not None:
                self._order.append(hour)
                return 1
            case _:
                return 0
        return count

    def window(self) -> OneTimeWindow | WeeklyWindow:
        if self._from_now or not self._clock:
            return self._beginning_now()
        match self._order:
            case [int() | date() as day, Clock() as starts, int() | date() as other, Clock() as ends]:
                return self._over_days(day, starts, other, ends)
            case [Clock() as starts, int() | date() as day, Clock() as ends, int() | date() as other]:
                return self._over_days(day, starts, other, ends)
            case [Clock() as starts, int() | date() as other, Clock() as ends] if self._until == 1:
                return self._over_days(self._now.date(), starts, other, ends)
        first, length = self._clock[0], self._length
        if len(self._clock) > 2 or (len(self._clock) == 2) == (length is not None) or first.is_midnight_after:
            raise NotAWindow(" ".join(f"{clock.time:%H:%M}" for clock in self._clock))
        if length is None:
            last = self._clock[1]
            end = timedelta() if last.is_midnight_after else _since_midnight(last.time)
            length = (end - _since_midnight(first.time)) % DAY or DAY
        if self._repeats or (len(self._days) > 1 and not self._dates):
            return self._weekly(first.time, length)
        return self._one_time(first.time, length)

    def _over_days(self, first: int | date, starts: Clock, last: int | date, ends: Clock) -> OneTimeWindow:
        """`fri 18:00 to mon 09:00`, `28.11 22:00 - 29.11 06:00`."""
        if self._repeats or self._length is not None or starts.is_midnight_after:
            raise NotAWindow("")
        begins = self._next(first, self._now.date(), starts)
        if isinstance(first, int) and begins < self._now and begins.date() == self._now.date():
            begins += 7 * DAY
        end = self._next(last, begins.date(), ends)
        end += 7 * DAY * (isinstance(last, int) and end <= begins)
        if not self._now < end or end <= begins or end - begins > MAX_LENGTH:
            raise NotAWindow(f"{begins:%Y-%m-%d %H:%M} {end:%Y-%m-%d %H:%M}")
        return OneTimeWindow(max(begins, self._now), end)

    def weekly_time(self) -> tuple[frozenset[int], time]:
        """Return the days of the week and the only time. Raises NotAWindow."""
        match self._clock:
            case [Clock(at, is_midnight_after=False)] if not at.second and not self._dates and self._length is None:
                return self._days, at
        raise NotAWindow("")

    @staticmethod
    def _next(day: int | date, today: date, clock: Clock) -> datetime:
        """Return the time on the date, or on the first such weekday from `today` on."""
        if isinstance(day, int):
            day = today + DAY * ((day - today.weekday()) % 7)
        return datetime.combine(day, time()) + (DAY if clock.is_midnight_after else _since_midnight(clock.time))

    def _beginning_now(self) -> OneTimeWindow:
        if self._repeats or self._order or self._days or self._length is None:
            raise NotAWindow("")
        return OneTimeWindow(self._now, self._now + self._length, exactly=True)

    def _weekly(self, starts: time, length: timedelta) -> WeeklyWindow:
        if not self._days or self._dates or not timedelta() < length <= MAX_WEEKLY_LENGTH:
            raise NotAWindow("")
        return WeeklyWindow(self._days, starts, int(length.total_seconds()) // 60)

    def _one_time(self, first: time, length: timedelta) -> OneTimeWindow:
        dates = set(self._dates)
        if len(dates) > 1 or (dates and self._days - {day.weekday() for day in dates}):
            # One of them would be taken for the only one.
            raise NotAWindow(" ".join(f"{day:%Y-%m-%d}" for day in sorted(dates)))
        begins = datetime.combine(next(iter(dates), self._now.date()), first)
        if self._days and not dates:
            (day,) = self._days
            begins += DAY * ((day - begins.weekday()) % 7)
        if begins + length <= self._now and not dates:
            begins += DAY * (7 if self._days else 1)
        if not self._now < begins + length or not length:
            raise NotAWindow(f"{begins:%Y-%m-%d %H:%M}")
        return OneTimeWindow(max(begins, self._now), begins + length, exactly=self._length is not None)


def _days(word: str) -> frozenset[int]:
    """Parse `sat`, `sat,sun`, `mon-fri`, `weekdays`; empty for any other word."""
    days: set[int] = set()
    for part in word.replace("–", "-").replace("—", "-").split(","):
        first, _, last = part.partition("-")
        if part in GROUPS:
            days |= GROUPS[part]
        elif first in WEEKDAYS and (last or first) in WEEKDAYS:
            days |= weekdays_from_to(WEEKDAYS[first], WEEKDAYS[last or first])
        else:
            return frozenset()
    return frozenset(days)


def weekdays_from_to(first: int, last: int) -> frozenset[int]:
    """Return the days of the week from one to the other, over the end of the week too."""
    return frozenset(day % 7 for day in range(first, last + (7 if last < first else 0) + 1))


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)

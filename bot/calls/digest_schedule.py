"""When a digest is due, and of which calls it is. Pure. Dates and times are those of the PBX, naive.

A digest is for a date: done once for it, whatever the clocks do. One from noon on is of its day up to that time; one
before noon is of the whole days since the digest before it, so that on Monday it has Friday and the weekend. A weekly
one is of seven days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from bot.oncall.local_time import moment, wall_of

NOON = time(12)
END_OF_DAY = time(23, 59, 59)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
# Weeks that it is compared with.
WEEKS = 4
# Later it is not sent any more.
MAX_LATE = timedelta(hours=4)


class DigestKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class DigestPeriod:
    """Time of which the calls are counted, both ends inclusive; `end` includes its whole second."""

    start: datetime
    end: datetime

    def earlier(self, weeks: int) -> "DigestPeriod":
        return DigestPeriod(self.start - weeks * WEEK, self.end - weeks * WEEK)


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    """Digest on `days` (Monday is 0, at least one) at the time `at`."""

    kind: DigestKind
    days: frozenset[int]
    at: time

    @classmethod
    def stored(cls, kind: str, days: Iterable[int], at: str) -> "DigestSchedule":
        return cls(DigestKind(kind), frozenset(days), time.fromisoformat(at))

    def moment_of(self, day: date, zone: tzinfo) -> datetime:
        """Return when the digest of a date is due, in UTC: in a skipped hour at the change of the clocks, in a repeated
        one the first time."""
        return moment(datetime.combine(day, self.at), zone)

    def next_after(self, day: date) -> date:
        return next(later for later in (day + ahead * DAY for ahead in range(1, 8)) if later.weekday() in self.days)

    def last_until(self, day: date) -> date:
        return next(earlier for earlier in (day - back * DAY for back in range(7)) if earlier.weekday() in self.days)

    def passed(self, now: datetime, zone: tzinfo) -> date:
        """Return the last date at which the time of day has come, whether or not it is one of the days."""
        today = wall_of(now, zone).date()
        return today if self.moment_of(today, zone) <= now else today - DAY

    def due(self, done_on: date, now: datetime, zone: tzinfo) -> date | None:
        """Return the newest date whose digest is due and not done: those missed before it are not made up for."""
        passed = self.passed(now, zone)
        day = self.last_until(passed)
        # A date far ahead was stored by a clock that was wrong, and not by one of another zone.
        return day if day > done_on or done_on > passed + 2 * DAY else None

    def period(self, day: date) -> DigestPeriod:
        """Return the time that the digest of a date is of."""
        is_of_today = self.at >= NOON
        end = datetime.combine(day, self.at) if is_of_today else datetime.combine(day - DAY, END_OF_DAY)
        if self.kind is DigestKind.WEEKLY:
            first = end.date() - 6 * DAY
        else:
            first = day if is_of_today else self.last_until(day - DAY)
        return DigestPeriod(datetime.combine(first, time()), end)

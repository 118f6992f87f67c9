"""Working hours like `mon-fri 09:00-18:00, sat 10:00-14:00`. Pure; times are a station's local time."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIKE = "write it like mon-fri 09:00-18:00, sat 10:00-14:00"
DAY = re.compile(rf"({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))?")
TIMES = re.compile(r"(\d{1,2}):([0-5]\d)-(\d{1,2}):([0-5]\d)")
MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Opening:
    """Days of the week, Monday is 0; minutes since midnight."""

    days: frozenset[int]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Working hours; `written` is the setting as typed."""

    openings: tuple[Opening, ...]
    written: str

    def __str__(self) -> str:
        return self.written

    def opened_at(self, moment: datetime) -> datetime | None:
        """Return the beginning of the opening that contains the moment, None outside of all."""
        minute = moment.hour * 60 + moment.minute
        begins = [o.begins for o in self.openings if moment.weekday() in o.days and o.begins <= minute < o.ends]
        if not begins:
            return None
        return moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=min(begins))

    @property
    def longest(self) -> int:
        """Length of the longest opening, minutes."""
        return max(opening.ends - opening.begins for opening in self.openings)


def read_hours(text: str) -> WorkingHours:
    """Parse; days apply to all times after them, until other days follow. Raises ValueError with the remedy."""
    written = re.sub(r"(?<!\s)\s*[-–—]\s*", "-", text.strip().lower())
    openings: list[Opening] = []
    days: set[int] = set()
    closed = True
    for word in re.split(r"[\s,;]+", written):
        if (times := TIMES.fullmatch(word)) is not None and days:
            openings.append(_opening(days, times))
            closed = True
        elif (named := DAY.fullmatch(word)) is not None:
            days = _days(named) if closed else days | _days(named)
            closed = False
        else:
            raise ValueError(f"has {word!r} in it; {LIKE}" if word else f"is empty; {LIKE}")
    if not closed:
        raise ValueError(f"has days without times in it; {LIKE}")
    return WorkingHours(tuple(openings), written)


def _days(named: re.Match[str]) -> set[int]:
    """Return the day numbers; `fri-mon` wraps over the weekend."""
    first = DAYS.index(named[1])
    last = DAYS.index(named[2] or named[1])
    return {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}


def _opening(days: set[int], times: re.Match[str]) -> Opening:
    begins, ends = int(times[1]) * 60 + int(times[2]), int(times[3]) * 60 + int(times[4])
    if begins >= ends:
        raise ValueError(
            f"has {times[0]!r} in it, which ends before it begins; write a night as 22:00-24:00 00:00-06:00"
        )
    if ends > MIDNIGHT:
        raise ValueError(f"has {times[0]!r} in it, and a day ends at 24:00; {LIKE}")
    return Opening(frozenset(days), begins, ends)

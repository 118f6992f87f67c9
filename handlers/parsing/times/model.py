"""Times that are recognized, and their words as they are compared. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from handlers.parsing.times.words import DayPart, Unit

END_OF_DAY = time(23, 59, 59)
DAYS_IN = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.QUARTERS: 91, Unit.YEARS: 365}
MINUTES_IN = {Unit.MINUTES: 1, Unit.HOURS: 60}
HOURS = re.compile(r"(\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)[-–—](\d{1,2}(?:[:.]\d{2})?(?:am|pm)?)")


class NotATime(ValueError):
    """Text in the form of a time that does not exist: 32.01, 25:00."""


@dataclass(frozen=True, slots=True)
class Day:
    """`is_weekday`: named by its weekday only; `is_dated`: by its number in the month."""

    date: date
    is_weekday: bool = False
    is_dated: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar week, month, weekend; both ends inclusive."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """Day from which others are counted. A day or month without its year is the nearest past one, or the nearest
    future one if `is_ahead`."""

    today: date
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """Time of day; `is_midnight_after`: 24:00; `is_midnight`: that word."""

    time: time
    is_midnight_after: bool = False
    is_midnight: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of day; an end before the start is on the next day. `part` if they are named by it."""

    start: time
    end: time
    part: DayPart | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """Amounts by unit, e.g. 1 hour 30 minutes."""

    amounts: tuple[tuple[float, Unit], ...]

    @property
    def is_of_days(self) -> bool:
        """Return True for whole days, weeks or more."""
        return all(unit not in MINUTES_IN and amount == int(amount) for amount, unit in self.amounts)

    @property
    def days(self) -> int:
        return sum(int(amount) * DAYS_IN[unit] for amount, unit in self.amounts if unit in DAYS_IN)

    @property
    def elapsed(self) -> timedelta:
        minutes = sum(
            amount * (MINUTES_IN[unit] if unit in MINUTES_IN else DAYS_IN[unit] * 24 * 60)
            for amount, unit in self.amounts
        )
        return timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime


@dataclass(frozen=True, slots=True)
class Rolling:
    """Time that ends now: `last 3 hours`."""

    length: Length


Atom = Day | Days | Clock | Hours | Length | Moment | Rolling
A = TypeVar("A")
# With its number of words.
Found = tuple[A, int]


def fold(word: str) -> str:
    """Return the word as it is compared: lower case, е for ё, without the punctuation around it."""
    word = word.casefold().replace("ё", "е").replace("’", "'").strip(",;:!?").removesuffix(".")
    return word.removesuffix("'s")

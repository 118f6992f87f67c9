"""Parse an end that is still to come: `for 8h`, `for half an hour`, `until 18:00`, `до понедельника`. Pure.

Shared by mutes, maintenance, roles and shifts. `for` and `until` require a time after them: unparsed time must not
become part of a name or a reason.
"""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.lengths import length_at
from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Days, Hours, Length, NotATime, fold
from handlers.parsing.times.scanner import Role, Scan, Time, scan
from handlers.parsing.times.words import BEGINS, UP_TO

LEADING = frozenset({"for", "until", "till", "to", "in", "before", "на", "до", "по", "через"})
# Words that require a time after them.
STRICT = frozenset({"for", "until", "till", "на", "до"})
# `for tonight` ends with it, `until the night` when it begins.
LASTING = frozenset({"for", "на"})
HOURS_AND_MINUTES = re.compile(r"\d{1,2}[:.]\d{2}")
SATURDAY = 5
NOON = 12
MAX_AHEAD = timedelta(days=3660)


class NotADeadline(ValueError):
    """Text in the form of a time that is invalid, past or too far ahead."""


class MissingTime(NotADeadline):
    """`for` or `until` without a time after it."""


def take_deadline(
    words: Sequence[str], now: datetime, *, weekday_ends: time = END_OF_DAY
) -> tuple[datetime | None, list[str]]:
    """Extract the moment from anywhere in the words; return it (None if absent) and the remaining words. `now` and the
    result are naive, in the station's local time. A date ends with its last second, a weekday at `weekday_ends`. Raises
    NotADeadline."""
    found = _scanned(words, now)
    for at, word in enumerate(found.remaining):
        if fold(word) in STRICT:
            raise MissingTime(" ".join(found.remaining[at : at + 2]))
    until = _moment(found.times, now, weekday_ends)
    if until is not None and not now < until <= now + MAX_AHEAD:
        raise NotADeadline(" ".join(one.written for one in found.times))
    return until, list(found.remaining)


def length_in(words: Sequence[str]) -> timedelta | None:
    """Parse words that are a duration and no more: `for half an hour`, `на час`. `до 18ч` is none."""
    folded = [fold(word) for word in words]
    if folded and folded[0] in UP_TO:
        return None
    at = 1 if folded and folded[0] in LEADING else 0
    found = length_at(folded[at:], folded[0] if at else "")
    return found[0].elapsed if found is not None and found[1] == len(folded) - at else None


def _scanned(words: Sequence[str], now: datetime) -> Scan:
    try:
        return scan(words, Atoms(now, is_ahead=True))
    except NotATime as wrong:
        written = str(wrong)
        before = next((words[at - 1] for at, word in enumerate(words) if at and fold(word) == written), "")
        raise NotADeadline(f"{before} {written}" if fold(before) in STRICT else written) from None
    except OverflowError:
        raise NotADeadline(" ".join(words)) from None


def _moment(times: Sequence[Time], now: datetime, weekday_ends: time) -> datetime | None:
    try:
        match [one.atom for one in times]:
            case _ if any(one.role is Role.SINCE for one in times):
                # `from monday` is a beginning.
                pass
            case []:
                return None
            # `до 5 минут` is no moment.
            case [Length() as length] if times[0].role is not Role.UP_TO:
                return now + length.elapsed
            case [Day() | Days() as day]:
                return _end_of(day, times[0].role, weekday_ends, now)
            case [Clock() | Hours() as clock]:
                return _next_of(clock, times[0], now)
            case [Day() as day, (Clock() | Hours()) as clock] | [(Clock() | Hours()) as clock, Day() as day]:
                return _on(day, clock, is_lasting=times[0].is_introduced_by(LASTING))
    except (NotATime, OverflowError):
        pass
    raise NotADeadline(" ".join(one.written for one in times))


def _next_of(clock: Clock | Hours, read: Time, now: datetime) -> datetime:
    """Raises NotATime."""
    if isinstance(clock, Hours) and clock.part and read.is_introduced_by(LASTING):
        return _next(clock.end, now)
    if isinstance(clock, Clock) and clock.time.hour <= NOON and HOURS_AND_MINUTES.fullmatch(read.words[0]):
        # `for 1:30` is a length, `на 1:30` may be one.
        if read.is_introduced_by(frozenset({"for"})):
            return now + timedelta(hours=clock.time.hour, minutes=clock.time.minute)
        if read.is_introduced_by(LASTING):
            raise NotATime
    return _next(_time_of(clock), now)


def _end_of(day: Day | Days, role: Role, weekday_ends: time, now: datetime) -> datetime:
    """`until next week` ends when it begins, `for the weekend` when that is over."""
    if isinstance(day, Day):
        return datetime.combine(day.date, weekday_ends if day.is_weekday else END_OF_DAY)
    if role is Role.UP_TO:
        begins = datetime.combine(day.first, time.min)
        # Until the weekend, said on one.
        is_weekend = day.first.weekday() == SATURDAY and day.last - day.first == timedelta(days=1)
        return begins + timedelta(weeks=is_weekend and begins <= now)
    return datetime.combine(day.last, END_OF_DAY)


def _on(day: Day, clock: Clock | Hours, *, is_lasting: bool) -> datetime:
    if isinstance(clock, Clock) and clock.is_midnight:
        return datetime.combine(day.date, END_OF_DAY)
    if isinstance(clock, Hours) and clock.part and is_lasting:
        return datetime.combine(day.date, clock.end) + timedelta(days=clock.end <= clock.start)
    return datetime.combine(day.date, _time_of(clock))


def _time_of(clock: Clock | Hours) -> time:
    """Raises NotATime for two times of day."""
    if isinstance(clock, Clock):
        return clock.time
    if clock.part is None:
        raise NotATime
    return BEGINS[clock.part]


def _next(clock: time, now: datetime) -> datetime:
    moment = datetime.combine(now.date(), clock)
    return moment if moment > now else moment + timedelta(days=1)

"""Silences: mutes, and maintenance windows that occur once or weekly. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from bot.access.policy import EVERY_STATION
from bot.oncall.local_time import moment, zone_named

# Subject of a silence of all incidents of a station.
EVERYTHING = "*"
# A silence of everything must be renewed: a forgotten one would hide every outage.
LONGEST_OF_EVERYTHING = timedelta(days=7)
DAY = timedelta(days=1)
MINUTES_OF_A_DAY = 24 * 60

Interval = tuple[datetime, datetime | None]


class SilenceKind(StrEnum):
    MUTE = "mute"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Weekly:
    """Window that begins on `days` (Monday is 0) when the clock of `zone` shows `starts`, and ends when it shows the
    time `minutes` later; at most one day."""

    days: frozenset[int]
    starts: time
    minutes: int
    zone: str

    @property
    def never_pauses(self) -> bool:
        return len(self.days) == 7 and self.minutes >= MINUTES_OF_A_DAY


@dataclass(frozen=True, slots=True)
class Silence:
    """`subject` is the subject of incidents, or EVERYTHING. A mute without `until` lasts until the subject has
    recovered, a weekly window until it is removed. `station` is the station where it was made, EVERY_STATION for a
    silence of all; `number` counts per station and is shown to people."""

    id: int
    kind: SilenceKind
    subject: str
    name: str
    reason: str
    by_name: str
    begins_at: datetime
    until: datetime | None = None
    repeats: Weekly | None = None
    ended_at: datetime | None = None
    station: str = EVERY_STATION
    number: int = 0

    @property
    def until_recovery(self) -> bool:
        return self.until is None and self.repeats is None


def covers(silence: Silence, subject: str) -> bool:
    return silence.subject in (EVERYTHING, subject)


def in_force(silence: Silence, at: datetime) -> bool:
    return _interval_at(silence, at) is not None


def is_over(silence: Silence, at: datetime) -> bool:
    """Return True when it is neither in force nor will be."""
    return next(_intervals(silence, at), None) is None


def ends(silence: Silence, at: datetime) -> datetime | None:
    """Return the end of the interval in force at that time; None when only an event ends it, `at` when none is in
    force."""
    stretch = _interval_at(silence, at)
    return at if stretch is None else stretch[1]


def begins(silence: Silence, at: datetime) -> datetime | None:
    """Return the beginning of the next interval after that time."""
    return next((first for first, _ in _intervals(silence, at) if first > at), None)


def silence_of(silences: Iterable[Silence], subject: str, at: datetime) -> Silence | None:
    """Return the silence of a subject; of several the one that lasts longest."""
    active = (silence for silence in silences if covers(silence, subject) and in_force(silence, at))
    return max(active, key=lambda silence: ends(silence, at) or datetime.max.replace(tzinfo=UTC), default=None)


def _interval_at(silence: Silence, at: datetime) -> Interval | None:
    """Return the interval in force at that time."""
    return next((stretch for stretch in _intervals(silence, at) if stretch[0] <= at), None)


def _intervals(silence: Silence, at: datetime) -> Iterator[Interval]:
    """Yield the intervals that are not over at that time, for at least a week: in order, with time between them."""
    open_one: Interval | None = None
    for first, last in _within_limits(silence, at):
        if open_one is not None and open_one[1] is not None and first > open_one[1]:
            yield open_one
            open_one = None
        open_one = (open_one[0] if open_one else first, last)
    if open_one is not None:
        yield open_one


def _within_limits(silence: Silence, at: datetime) -> Iterator[Interval]:
    limit = _limit(silence)
    for first, last in _windows(silence, at):
        begin = max(first, silence.begins_at)
        end = min((one for one in (last, limit) if one is not None), default=None)
        if end is None or (begin < end and at < end):
            yield begin, end


def _windows(silence: Silence, at: datetime) -> Iterator[Interval]:
    weekly = silence.repeats
    if weekly is None or weekly.never_pauses:
        yield silence.begins_at, None
        return
    zone = zone_named(weekly.zone)
    # A window of yesterday may still be in force, and dates differ between zones by a day.
    today = max(at, silence.begins_at).astimezone(zone).date()
    for day in (today + DAY * ahead for ahead in range(-2, 15)):
        if day.weekday() in weekly.days:
            wall = datetime.combine(day, weekly.starts)
            yield moment(wall, zone), moment(wall + timedelta(minutes=weekly.minutes), zone)


def _limit(silence: Silence) -> datetime | None:
    """Return the time after which it is never in force, as far as that is known."""
    longest = silence.begins_at + LONGEST_OF_EVERYTHING if silence.subject == EVERYTHING else None
    known = (silence.until, silence.ended_at, longest if silence.until_recovery else None)
    return min((one for one in known if one is not None), default=None)

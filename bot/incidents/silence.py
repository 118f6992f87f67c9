"""What holds alerts back: mutes, and maintenance windows once or every week. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from bot.access.policy import EVERY_STATION
from bot.oncall.local_time import moment, zone_named

# The subject of what holds back all that a station has to tell.
EVERYTHING = "*"
# Whoever silences everything must think of it again: what is forgotten would hide every outage.
LONGEST_OF_EVERYTHING = timedelta(days=7)
DAY = timedelta(days=1)
MINUTES_OF_A_DAY = 24 * 60

Stretch = tuple[datetime, datetime | None]


class SilenceKind(StrEnum):
    MUTE = "mute"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Weekly:
    """Comes again on `days` (Monday is 0) when the clock of `zone` shows `starts`, and lasts until it shows a time that
    is `minutes` later, a day at most."""

    days: frozenset[int]
    starts: time
    minutes: int
    zone: str

    @property
    def never_pauses(self) -> bool:
        return len(self.days) == 7 and self.minutes >= MINUTES_OF_A_DAY


@dataclass(frozen=True, slots=True)
class Silence:
    """`subject` is what an incident is about, or EVERYTHING. Without `until` a mute lasts until the subject has
    recovered, and what repeats until it is taken away. `station` is where it was made, EVERY_STATION for what holds
    back all of them; `number` counts there, and is what people call it by."""

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
    return _stretch(silence, at) is not None


def is_over(silence: Silence, at: datetime) -> bool:
    """Neither in force, nor will it ever be."""
    return next(_stretches(silence, at), None) is None


def ends(silence: Silence, at: datetime) -> datetime | None:
    """When the force that it has at that time ends; None when no time ends it. Without force it is `at`."""
    stretch = _stretch(silence, at)
    return at if stretch is None else stretch[1]


def begins(silence: Silence, at: datetime) -> datetime | None:
    """When it comes into force next, after that time."""
    return next((first for first, _ in _stretches(silence, at) if first > at), None)


def holding(silences: Iterable[Silence], subject: str, at: datetime) -> Silence | None:
    """What holds a subject back: of several the one that lasts longest."""
    held = (silence for silence in silences if covers(silence, subject) and in_force(silence, at))
    return max(held, key=lambda silence: ends(silence, at) or datetime.max.replace(tzinfo=UTC), default=None)


def _stretch(silence: Silence, at: datetime) -> Stretch | None:
    """The stretch of time in which it is in force at that time."""
    return next((stretch for stretch in _stretches(silence, at) if stretch[0] <= at), None)


def _stretches(silence: Silence, at: datetime) -> Iterator[Stretch]:
    """When it is in force, from the stretch that is not over at that time onwards, for at least a week: in order, with
    time between them."""
    open_one: Stretch | None = None
    for first, last in _within_limits(silence, at):
        if open_one is not None and open_one[1] is not None and first > open_one[1]:
            yield open_one
            open_one = None
        open_one = (open_one[0] if open_one else first, last)
    if open_one is not None:
        yield open_one


def _within_limits(silence: Silence, at: datetime) -> Iterator[Stretch]:
    limit = _limit(silence)
    for first, last in _windows(silence, at):
        begin = max(first, silence.begins_at)
        end = min((one for one in (last, limit) if one is not None), default=None)
        if end is None or (begin < end and at < end):
            yield begin, end


def _windows(silence: Silence, at: datetime) -> Iterator[Stretch]:
    weekly = silence.repeats
    if weekly is None or weekly.never_pauses:
        yield silence.begins_at, None
        return
    zone = zone_named(weekly.zone)
    # A window of yesterday may still go on, and clocks may differ from the date by a day.
    today = max(at, silence.begins_at).astimezone(zone).date()
    for day in (today + DAY * ahead for ahead in range(-2, 15)):
        if day.weekday() in weekly.days:
            wall = datetime.combine(day, weekly.starts)
            yield moment(wall, zone), moment(wall + timedelta(minutes=weekly.minutes), zone)


def _limit(silence: Silence) -> datetime | None:
    """What ends it for good, as far as that is known."""
    longest = silence.begins_at + LONGEST_OF_EVERYTHING if silence.subject == EVERYTHING else None
    known = (silence.until, silence.ended_at, longest if silence.until_recovery else None)
    return min((one for one in known if one is not None), default=None)

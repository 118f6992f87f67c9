"""Parse on-call shifts: `weekly mon 09:00`, `daily 09:00`, `every 12h from 08:00`, `level 2`; in Russian too. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.oncall.rotation import Shift, Unit

WEEKLY = frozenset({"weekly", "еженедельно", "понедельно"})
DAILY = frozenset({"daily", "ежедневно", "посуточно"})
EVERY = frozenset({"every", "каждые", "каждый", "каждую", "каждое"})
FILLING = frozenset({"from", "at", "on", "с", "со", "в", "во", "по"})
LEVEL = frozenset({"level", "уровень"})
UNITS = {
    "h": Unit.HOURS,
    "ч": Unit.HOURS,
    "d": Unit.DAYS,
    "д": Unit.DAYS,
    "w": Unit.WEEKS,
    "нед": Unit.WEEKS,
}
# `every day` has no number.
ONE = {
    "hour": Unit.HOURS,
    "час": Unit.HOURS,
    "day": Unit.DAYS,
    "день": Unit.DAYS,
    "сутки": Unit.DAYS,
    "week": Unit.WEEKS,
    "неделю": Unit.WEEKS,
}
LENGTH = re.compile(rf"(\d{{1,3}})({'|'.join(UNITS)})[^\W\d_]*")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
DAYS = (
    ("mon", "пн", "пон"),
    ("tue", "вт"),
    ("wed", "ср"),
    ("thu", "чт", "чет"),
    ("fri", "пт", "пят"),
    ("sat", "сб", "суб"),
    ("sun", "вс", "вос"),
)
LONGEST = timedelta(weeks=8)
MOST_LEVELS = 5
HAND_OVER = time(9, 0)


class NotAShift(ValueError):
    """Words without a valid shift length or level."""


@dataclass(frozen=True, slots=True)
class _Read:
    unit: Unit | None = None
    length: int = 1
    day: int | None = None
    clock: time | None = None


def take_level(words: Sequence[str]) -> tuple[int | None, list[str]]:
    """Extract `level 2` from anywhere in the words; return it and the remaining words. Raises NotAShift for an invalid
    level."""
    rest = list(words)
    for place, word in enumerate(rest):
        if word.lower() not in LEVEL:
            continue
        number = rest[place + 1] if place + 1 < len(rest) else ""
        if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= MOST_LEVELS):
            raise NotAShift(f"{word} {number}".strip())
        return int(number), rest[:place] + rest[place + 2 :]
    return None, rest


def take_shift(words: Sequence[str], now: datetime, zone: str) -> tuple[Shift, list[str]]:
    """Extract the shifts; return them and the remaining words. `now`: local time, naive. The first shift is already
    running, so the first person named is on call at once. Raises NotAShift."""
    read, rest = _Read(), list[str]()
    for word in _joined(words):
        found = _read(word.lower(), read)
        if found is None:
            rest.append(word)
        else:
            read = found
    if read.unit is None or read.length < 1:
        raise NotAShift(" ".join(words))
    shift = Shift(read.unit, read.length, _first(read, now), zone)
    if shift.lasts > LONGEST:
        raise NotAShift(" ".join(words))
    while shift.begins + shift.lasts <= now:
        shift = Shift(shift.unit, shift.length, shift.begins + shift.lasts, zone)
    return shift, rest


def _joined(words: Sequence[str]) -> list[str]:
    """Join `12 hours` into one word."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].isdecimal() and len(joined[-1]) <= 3 and LENGTH.fullmatch(joined[-1] + word.lower()):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _read(word: str, so_far: _Read) -> _Read | None:
    """Return `so_far` updated by the word; None if the word is not part of a shift."""
    unit, length, day, clock = so_far.unit, so_far.length, so_far.day, so_far.clock
    if word in EVERY or word in FILLING:
        return so_far
    if word in WEEKLY:
        return _Read(Unit.WEEKS, 1, day, clock)
    if word in DAILY:
        return _Read(Unit.DAYS, 1, day, clock)
    if (found := TIME.fullmatch(word)) is not None:
        return _Read(unit, length, day, time(int(found[1]), int(found[2])))
    named = next((n for n, names in enumerate(DAYS) if word.isalpha() and word.startswith(names)), None)
    if named is not None:
        return _Read(unit, length, named, clock)
    if (of := LENGTH.fullmatch(word)) is not None:
        return _Read(UNITS[of[2]], int(of[1]), day, clock)
    return _Read(ONE[word], 1, day, clock) if word in ONE else None


def _first(read: _Read, now: datetime) -> datetime:
    """Return the latest shift start that is not in the future."""
    first = datetime.combine(now.date(), read.clock or HAND_OVER)
    if read.day is not None or read.unit is Unit.WEEKS:
        first -= timedelta(days=(first.weekday() - (read.day or 0)) % 7)
        return first if first <= now else first - timedelta(weeks=1)
    return first if first <= now else first - timedelta(days=1)

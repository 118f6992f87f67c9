"""Parse on-call shifts: `weekly mon 09:00`, `daily 09:00`, `every 12h from 08:00`, `level 2`; in Russian too. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.oncall.rotation import Shift, Unit

WEEKLY = frozenset({"weekly", "еженедельно", "понедельно"})
DAILY = frozenset({"daily", "ежедневно", "посуточно"})
EVERY = frozenset({"every", "каждые", "каждый", "каждую", "каждое"})
FILLERS = frozenset({"from", "at", "on", "с", "со", "в", "во", "по"})
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
MAX_LENGTH = timedelta(weeks=8)
MAX_LEVELS = 5
HANDOVER_TIME = time(9, 0)


class NotAShift(ValueError):
    """Words without a valid shift length or level."""


@dataclass(frozen=True, slots=True)
class _PartialShift:
    unit: Unit | None = None
    length: int = 1
    day: int | None = None
    clock: time | None = None


def take_level(words: Sequence[str]) -> tuple[int | None, list[str]]:
    """Extract `level 2` from anywhere in the words; return it and the remaining words. Raises NotAShift for an invalid
    level."""
    remaining = list(words)
    for place, word in enumerate(remaining):
        if word.lower() not in LEVEL:
            continue
        number = remaining[place + 1] if place + 1 < len(remaining) else ""
        if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= MAX_LEVELS):
            raise NotAShift(f"{word} {number}".strip())
        return int(number), remaining[:place] + remaining[place + 2 :]
    return None, remaining


def take_shift(words: Sequence[str], now: datetime, zone: str) -> tuple[Shift, list[str]]:
    """Extract the shifts; return them and the remaining words. `now`: local time, naive. The first shift is already
    running, so the first person named is on call at once. Raises NotAShift."""
    partial, remaining = _PartialShift(), list[str]()
    for word in _joined(words):
        found = _read(word.lower(), partial)
        if found is None:
            remaining.append(word)
        else:
            partial = found
    if partial.unit is None or partial.length < 1:
        raise NotAShift(" ".join(words))
    shift = Shift(partial.unit, partial.length, _first(partial, now), zone)
    if shift.lasts > MAX_LENGTH:
        raise NotAShift(" ".join(words))
    while shift.begins + shift.lasts <= now:
        shift = Shift(shift.unit, shift.length, shift.begins + shift.lasts, zone)
    return shift, remaining


def _joined(words: Sequence[str]) -> list[str]:
    """Join `12 hours` into one word."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].isdecimal() and len(joined[-1]) <= 3 and LENGTH.fullmatch(joined[-1] + word.lower()):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _read(word: str, so_far: _PartialShift) -> _PartialShift | None:
    """Return `so_far` updated by the word; None if the word is not part of a shift."""
    unit, length, day, clock = so_far.unit, so_far.length, so_far.day, so_far.clock
    if word in EVERY or word in FILLERS:
        return so_far
    if word in WEEKLY:
        return _PartialShift(Unit.WEEKS, 1, day, clock)
    if word in DAILY:
        return _PartialShift(Unit.DAYS, 1, day, clock)
    if (found := TIME.fullmatch(word)) is not None:
        return _PartialShift(unit, length, day, time(int(found[1]), int(found[2])))
    named = next((n for n, names in enumerate(DAYS) if word.isalpha() and word.startswith(names)), None)
    if named is not None:
        return _PartialShift(unit, length, named, clock)
    if (of := LENGTH.fullmatch(word)) is not None:
        return _PartialShift(UNITS[of[2]], int(of[1]), day, clock)
    return _PartialShift(ONE[word], 1, day, clock) if word in ONE else None


def _first(partial: _PartialShift, now: datetime) -> datetime:
    """Return the latest shift start that is not in the future."""
    first = datetime.combine(now.date(), partial.clock or HANDOVER_TIME)
    if partial.day is not None or partial.unit is Unit.WEEKS:
        first -= timedelta(days=(first.weekday() - (partial.day or 0)) % 7)
        return first if first <= now else first - timedelta(weeks=1)
    return first if first <= now else first - timedelta(days=1)

"""Parse on-call shifts: `weekly mon 09:00`, `daily 9am`, `every 12h from 08:00`, `каждые две недели`, `level 2`.
Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from bot.oncall.rotation import Shift, Unit
from handlers.parsing.times import words as time_words
from handlers.parsing.times.clocks import clock_at, hour_of
from handlers.parsing.times.lengths import length_at
from handlers.parsing.times.model import NotATime, fold
from handlers.parsing.times.words import AT, FROM, WEEKDAYS

WEEKLY = frozenset({"weekly", "еженедельно", "понедельно"})
DAILY = frozenset({"daily", "ежедневно", "посуточно"})
EVERY = frozenset({"every", "каждые", "каждый", "каждую", "каждое"})
FILLERS = EVERY | AT | FROM | {"on", "по"}
LEVEL = frozenset({"level", "уровень"})
UNITS = {
    time_words.Unit.HOURS: Unit.HOURS,
    time_words.Unit.DAYS: Unit.DAYS,
    time_words.Unit.WEEKS: Unit.WEEKS,
}
MAX_LENGTH = timedelta(weeks=8)
MAX_LEVELS = 5
# More of any unit than MAX_LENGTH.
TOO_LONG = 10_000
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
    partial, remaining, at = _PartialShift(), list[str](), 0
    folded = [fold(word) for word in words]
    while at < len(folded):
        try:
            found, count = _read(folded[at:], folded[at - 1] if at else "", partial)
        except NotATime as wrong:
            raise NotAShift(str(wrong)) from None
        if found is None:
            remaining.append(words[at])
        partial, at = found or partial, at + count
    if partial.unit is None or partial.length < 1:
        raise NotAShift(" ".join(words))
    shift = Shift(partial.unit, min(partial.length, TOO_LONG), _first(partial, now), zone)
    if shift.lasts > MAX_LENGTH:
        raise NotAShift(" ".join(words))
    while shift.begins + shift.lasts <= now:
        shift = Shift(shift.unit, shift.length, shift.begins + shift.lasts, zone)
    return shift, remaining


def _read(words: Sequence[str], before: str, so_far: _PartialShift) -> tuple[_PartialShift | None, int]:
    """Return `so_far` updated by the first words, and their number; None if they are not part of a shift. Raises
    NotATime."""
    word = words[0]
    if word in WEEKLY:
        return replace(so_far, unit=Unit.WEEKS, length=1), 1
    if word in DAILY:
        return replace(so_far, unit=Unit.DAYS, length=1), 1
    if word in WEEKDAYS:
        if so_far.day not in (None, WEEKDAYS[word]):
            # Shifts change on one day of the week.
            raise NotATime(word)
        return replace(so_far, day=WEEKDAYS[word]), 1
    found = clock_at(words) if before not in EVERY else None
    if found is None and before in AT | FROM and (hour := hour_of(word)) is not None:
        found = hour, 1
    if found is not None:
        clock, count = found
        if clock.is_midnight_after or so_far.clock not in (None, clock.time):
            raise NotATime(" ".join(words[:count]))
        return replace(so_far, clock=clock.time), count
    if (length := length_at(words, "for" if before in EVERY else "")) is not None:
        (amount, unit), *more = length[0].amounts
        if more or amount != int(amount) or unit not in UNITS:
            raise NotATime(" ".join(words[: length[1]]))
        return replace(so_far, unit=UNITS[unit], length=int(amount)), length[1]
    return (so_far, 1) if word in FILLERS else (None, 1)


def _first(partial: _PartialShift, now: datetime) -> datetime:
    """Return the latest shift start that is not in the future."""
    first = datetime.combine(now.date(), partial.clock or HANDOVER_TIME)
    if partial.day is not None or partial.unit is Unit.WEEKS:
        first -= timedelta(days=(first.weekday() - (partial.day or 0)) % 7)
        return first if first <= now else first - timedelta(weeks=1)
    return first if first <= now else first - timedelta(days=1)

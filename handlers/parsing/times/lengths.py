"""Recognize a length: `7d`, `2h30m`, `1 час 30 минут`, `half an hour`. Pure."""

import re
from collections.abc import Sequence

from handlers.parsing.times.model import Found, Length
from handlers.parsing.times.numerals import NUMBERS, cardinal_at
from handlers.parsing.times.words import COUNTS_ONE, HALF, HALVES, ONE_AND_A_HALF, ROUND_THE_CLOCK, SEVERAL, UNITS, Unit

COMPACT = re.compile(r"(\d{1,9}(?:[.,]\d{1,2})?)([a-zа-я]{1,8})")
NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,2})?")
ONE_OF_LONG = frozenset({"week", "month", "quarter", "year", "неделя", "неделю", "месяц", "квартал", "год"})
MINUTES = re.compile(r"[0-5]\d")


def length_at(words: Sequence[str], before: str = "") -> Found[Length] | None:
    """Return the length at the beginning; a unit alone is one of it after `before`, if that is `for`."""
    found = amounts_at(words) or (one_at(words) if before in COUNTS_ONE else None)
    return _with_minutes(*found, words[found[1] :]) if found is not None and before in COUNTS_ONE else found


def _with_minutes(length: Length, count: int, following: Sequence[str]) -> Found[Length]:
    """`на час двадцать`, `for 1 hour 20`: minutes without their unit."""
    if [unit for _, unit in length.amounts] != [Unit.HOURS]:
        return length, count
    found = cardinal_at(following)
    if found is None and following and MINUTES.fullmatch(following[0]):
        found = int(following[0]), 1
    if found is None or not 5 <= found[0] < 60 or any(word in UNITS for word in following[found[1] : found[1] + 1]):
        return length, count
    return Length((*length.amounts, (found[0], Unit.MINUTES))), count + found[1]


def amounts_at(words: Sequence[str]) -> Found[Length] | None:
    """`7d`, `2h30m`, `1.5 hours`, `1 час 30 минут`, `half an hour`, `полтора часа`."""
    amounts: list[tuple[float, Unit]] = []
    at = 0
    while at < len(words):
        taken = _amount(words[at:])
        if taken is None:
            if amounts and words[at] in ("and", "и") and _amount(words[at + 1 :]) is not None:
                at += 1
                continue
            break
        parts, count = taken
        if {unit for _, unit in parts} & {unit for _, unit in amounts}:
            break
        amounts += parts
        at += count
    if amounts and list(words[at : at + 3]) == ["and", "a", "half"]:
        amounts[-1] = (amounts[-1][0] + 0.5, amounts[-1][1])
        at += 3
    return (Length(tuple(amounts)), at) if amounts else None


def _amount(words: Sequence[str]) -> tuple[list[tuple[float, Unit]], int] | None:
    first, second, third = (*words[:3], "", "", "")[:3]
    if first in HALVES:
        return [(0.5, HALVES[first])], 1
    if parts := _compact(first):
        return parts, 1
    if first in HALF and second in NUMBERS and third in UNITS:
        return [(0.5, UNITS[third])], 3
    if second in UNITS and (number := _number_of(first, second)) is not None:
        return [_of(number, second)], 2
    if (compound := cardinal_at(words)) is not None and third in UNITS and compound[1] == 2:
        return [_of(compound[0], third)], 3
    if first in HALF and second in UNITS:
        return [(0.5, UNITS[second])], 2
    if first in ("a", "an") and second == "half" and third in UNITS:
        return [(0.5, UNITS[third])], 3
    if "couple" in (first, second):
        at = 1 + (second == "couple") + ("of" in words[1:3])
        if at < len(words) and (unit := UNITS.get(words[at])) is not None:
            return [(2, unit)], at + 1
    return None


def _compact(word: str) -> list[tuple[float, Unit]]:
    """Return the amounts of `90min`, `2h30m`; none for any other word."""
    parts: list[tuple[float, Unit]] = []
    end = 0
    for found in COMPACT.finditer(word):
        if found.start() != end or (unit := UNITS.get(found[2])) is None or unit in {one for _, one in parts}:
            return []
        parts.append((float(found[1].replace(",", ".")), unit))
        end = found.end()
    return parts if end == len(word) else []


def _number_of(word: str, unit: str) -> float | None:
    """`201 week` is the extension, and a week."""
    if (len(unit) == 1 and not word.isdecimal()) or (unit in ONE_OF_LONG and re.fullmatch(r"\d{3,}", word)):
        return None
    return _number(word)


def _number(word: str) -> float | None:
    if NUMBER.fullmatch(word):
        return float(word.replace(",", "."))
    if word in ONE_AND_A_HALF:
        return 1.5
    found = cardinal_at([word])
    return found[0] if found is not None else None


def one_at(words: Sequence[str]) -> Found[Length] | None:
    """A unit without a number is one of it: `неделю назад`, `last hour`; `last hours` are not."""
    is_one = bool(words) and words[0] in UNITS and len(words[0]) > 2 and words[0] not in SEVERAL
    return (Length((_of(1, words[0]),)), 1) if is_one else None


def _of(number: float, unit: str) -> tuple[float, Unit]:
    return (number * 24, Unit.HOURS) if unit in ROUND_THE_CLOCK else (number, UNITS[unit])

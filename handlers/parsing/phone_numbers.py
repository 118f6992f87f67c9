"""Whether two numbers are one, however they are written. Pure."""

import re
from collections.abc import Iterable

from bot.text.person_names import is_named

# 8 916 111-11-11, +7 916 111-11-11 and a number with a dial-out prefix are one number.
SAME_DIGITS = 10


def same_number(written: str) -> str:
    """Equal for numbers that are the same; empty where there is none: `anonymous`, `unknown`, nothing."""
    return re.sub(r"[^0-9]", "", written)[-SAME_DIGITS:]


def as_number(written: str) -> str:
    """Its digits that are compared; empty for a name."""
    return same_number(written) if re.fullmatch(r"[+\d() .-]+", written) else ""


def is_among(wanted: str, parties: Iterable[tuple[str, str]]) -> bool:
    """Whether it is one of the numbers, or a part of a number or a name when it is none itself."""
    if number := as_number(wanted):
        return any(same_number(other) == number for other, _ in parties)
    return has_part(wanted, parties)


def has_part(wanted: str, parties: Iterable[tuple[str, str]]) -> bool:
    """Whether it is a part of one of the numbers, or of one of the names however it is spelled."""
    number = as_number(wanted)
    return any((number or wanted) in other or is_named(name, wanted) for other, name in parties)

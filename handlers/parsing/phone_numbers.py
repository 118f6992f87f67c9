"""Compare phone numbers independent of their format. Pure."""

import re
from collections.abc import Iterable

from bot.text.normalization import normalized_figures
from bot.text.person_names import is_named
from bot.text.phone_numbers import same_number


def as_number(written: str) -> str:
    """Return the comparison key; empty for a name."""
    return same_number(written) if re.fullmatch(r"[+\d() .-]+", normalized_figures(written)) else ""


def is_among(query: str, parties: Iterable[tuple[str, str]]) -> bool:
    """Return True if a number matches; text that is not a number matches a part of a number or name."""
    if number := as_number(query):
        return any(same_number(other) == number for other, _ in parties)
    return has_part(query, parties)


def has_part(query: str, parties: Iterable[tuple[str, str]]) -> bool:
    """Return True if it is a part of a number, or of a name in any spelling."""
    number = as_number(query)
    return any((number or query) in other or is_named(name, query) for other, name in parties)

"""Find the names nearest to one with a typing error. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from bot.text.person_names import folded

MAX_NEAR = 3
# One error in three letters, two in seven.
CUTOFF = 0.7
MIN_LENGTH = 3
# Comparing is slow; of more names one has to be written right.
MAX_NAMES = 1000


def nearest_names(written: str, names: Iterable[str]) -> list[str]:
    """Return the names, or names with a word, most like the written one, nearest first; at most MAX_NEAR."""
    wanted = folded(written)
    if len(wanted) < MIN_LENGTH:
        return []
    by_key: dict[str, list[str]] = {}
    for name, _ in zip(names, range(MAX_NAMES), strict=False):
        for key in {folded(name), *folded(name).split()}:
            by_key.setdefault(key, []).append(name)
    near = get_close_matches(wanted, by_key, MAX_NEAR, CUTOFF)
    return list(dict.fromkeys(name for key in near for name in by_key[key]))[:MAX_NEAR]

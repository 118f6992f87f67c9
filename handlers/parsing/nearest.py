"""Find the known words nearest to one with a typing error, or typed in the other keyboard layout. Pure."""

from collections.abc import Collection
from difflib import get_close_matches

from handlers.parsing.times.model import fold
from handlers.parsing.times.words import KNOWN

LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>"
CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
OTHER_LAYOUT = str.maketrans(LATIN + CYRILLIC, CYRILLIC + LATIN)
MAX_NEAR = 3
# Shorter words are near to too many.
MIN_LENGTH = 4
# One error in five letters, two in eight.
CUTOFF = 0.75


def other_layout(text: str) -> str:
    """Return what the same keys write in the other layout: `сегодня` for `ctujlyz`, `status` for `ыефегы`."""
    return text.translate(OTHER_LAYOUT)


def nearest(word: str, known: Collection[str]) -> list[str]:
    """Return the known words (folded) that it may be meant as, nearest first; at most MAX_NEAR."""
    folded = fold(word)
    if (same_keys := fold(other_layout(word))) in known:
        return [same_keys]
    if len(folded) < MIN_LENGTH:
        return []
    near = get_close_matches(folded, known, MAX_NEAR, CUTOFF)
    # Letters that changed places are the likelier error: stauts is status, not stats.
    return sorted(near, key=lambda one: sorted(one) != sorted(folded))


def in_one_layout(arguments: str) -> str:
    """Return the arguments of a command whose name was typed in the other layout: in that one too, unless a word of
    them is known as it is."""
    words = [fold(word) for word in arguments.split()]
    return arguments if any(len(word) > 2 and word in KNOWN for word in words) else other_layout(arguments)

"""Names of people as the PBX spells them, and when two of them are the same name. Pure.

Measured: in `sip:getStatuses`, in calls and in call records a name is the one that Asterisk's configuration got: a
Latin e for every ё (`Пeтр Сeмин`), and no quotes (`Boris ONeil`). `/employees` has it as it was written.
"""

import re
import unicodedata
from functools import lru_cache

# Latin letters that look like Cyrillic ones, as keyboards and transliterations mix them up.
TWINS = {
    **dict(zip("aceopxykmthbi", "асеорхукмтнві", strict=True)),
    **dict(zip("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ", strict=True)),
}
_TO_CYRILLIC = str.maketrans(TWINS)
# Putting marks above and below letters into their order takes the square of their number.
LONGEST = 500
# Latin letters that have no twin.
_LATIN = re.compile(f"(?![{''.join(TWINS)}])[A-Za-z]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]+")
# What Asterisk's configuration drops from a name, and what phones put in place of an apostrophe.
_DROPPED = dict.fromkeys("<>&\"'/`´‘’‛ʼ′“”„«»")
_ALIKE = str.maketrans({**_DROPPED, "ё": "е", **dict.fromkeys("‐‑‒–—−", "-"), "\u00a0": " ", "\u202f": " "})


@lru_cache(maxsize=4096)
def respelled(name: str) -> str:
    """`Петр` for a `Пeтр` that has a Latin e in it; a word with other Latin letters stays what it is."""
    return name if name.isascii() else _WORD.sub(_in_one_alphabet, name)


def folded(text: str) -> str:
    """Equal for names that are the same however they are spelled: case, ё, Latin letters among Cyrillic ones,
    apostrophes, invisible marks and the kind of hyphen make no difference, nor what no name is long enough for."""
    return _folded(text[:LONGEST])


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    visible = unicodedata.normalize("NFC", text)
    # What is printable has no such marks; to look at each character took most of the time.
    if not visible.isprintable():
        visible = "".join(char for char in visible if unicodedata.category(char) != "Cf")
    return " ".join(respelled(visible.casefold()).translate(_ALIKE).split())


def is_named(name: str, wanted: str) -> bool:
    """Whether every word of `wanted` is a part of the name. Nothing wanted is no part of it."""
    words = folded(wanted).split()
    return bool(words) and all(word in folded(name) for word in words)


def _in_one_alphabet(word: re.Match[str]) -> str:
    written = word[0]
    if not _CYRILLIC.search(written) or _LATIN.search(written):
        return written
    return written.translate(_TO_CYRILLIC)

"""Names of people as the PBX spells them, and their comparison. Pure.

Measured: in `sip:getStatuses`, in calls and in call records a name is spelled as in Asterisk's configuration: a Latin e
for every ё (`Пeтр Сeмин`), and no quotes (`Boris ONeil`). `/employees` returns it as typed.
"""

import re
import unicodedata
from functools import lru_cache

from bot.text.normalization import normalized_figures

# Latin letters that look like Cyrillic ones.
CYRILLIC_LOOKALIKES = {
    **dict(zip("aceopxykmthbi", "асеорхукмтнві", strict=True)),
    **dict(zip("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ", strict=True)),
}
_TO_CYRILLIC = str.maketrans(CYRILLIC_LOOKALIKES)
# Unicode normalization takes quadratic time in the number of combining marks.
MAX_LENGTH = 500
# Latin letters without a twin.
_LATIN = re.compile(f"(?![{''.join(CYRILLIC_LOOKALIKES)}])[A-Za-z]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]+")
# Characters that Asterisk's configuration drops from a name, and that phones use for an apostrophe.
_DROPPED = dict.fromkeys("<>&\"'/`´‘’‛ʼ′“”„«»")
_ALIKE = str.maketrans({**_DROPPED, "ё": "е"})


@lru_cache(maxsize=4096)
def respelled(name: str) -> str:
    """Return `Петр` for a `Пeтр` with a Latin e; a word with other Latin letters is unchanged."""
    return name if name.isascii() else _WORD.sub(_in_one_alphabet, name)


def folded(text: str) -> str:
    """Return a key that is equal for spellings of one name: case, ё, Latin letters among Cyrillic ones, apostrophes,
    invisible marks, the kind of hyphen and anything beyond LONGEST are ignored.
    """
    return _folded(text[:MAX_LENGTH])


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    visible = normalized_figures(unicodedata.normalize("NFC", text))
    return " ".join(respelled(visible.casefold()).translate(_ALIKE).split())


def is_named(name: str, text: str) -> bool:
    """Return True if every word of `text` is part of the name; False for an empty `text`."""
    words = folded(text).split()
    return bool(words) and all(word in folded(name) for word in words)


def _in_one_alphabet(word: re.Match[str]) -> str:
    written = word[0]
    if not _CYRILLIC.search(written) or _LATIN.search(written):
        return written
    return written.translate(_TO_CYRILLIC)

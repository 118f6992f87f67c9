"""Detect secrets in typed text, by name or by form. Pure, and linear in the length of the text.

Near misses count too: a password written without its =, names with invisible characters or with letters that look
alike, and names with one typing error. Text is cut at such a name: the end of the secret is unknown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bot.messages.sanitize import LINE_BREAKS
from bot.text.normalization import INVISIBLE_CHARS
from bot.text.person_names import CYRILLIC_LOOKALIKES

HIDDEN = "•••"
# Names are matched after each Cyrillic letter that looks Latin is replaced, so they are written here in that form.
TO_LATIN = str.maketrans({cyrillic: latin for latin, cyrillic in CYRILLIC_LOOKALIKES.items()})
WHOLE_WORD = r"(?<![^\W_])(?:{})(?![^\W_])"
LONG = f"pas+w(?:ords?|ort|d)?|pas+(?:phrase|code)|pwd|secret(?!ar)|{'пас+ворд|парол'.translate(TO_LATIN)}[ьяюеи]?"
NAME = re.compile(f"(?i){LONG}|{WHOLE_WORD.format('pass+')}|{WHOLE_WORD.format('parol+[iyj]?')}")
# Short names, common in plain text: they count only with a sign after them.
SHORT = WHOLE_WORD.format("ps?w|pin|pas")
ASSIGNED = re.compile(rf"(?i){SHORT}\s*[=:]+[>\s]*\S")
ANY_NAME = re.compile(rf"{NAME.pattern}|{WHOLE_WORD.format('ps?w')}|{SHORT}(?=\s*[=:])")
WORD = re.compile(r"[\w-]+")
# Names matched with one typing error: the common ones, two in phonetic spelling, and three typed in the other keyboard
# layout. Measured: of 104,000 English and 1,490,000 Russian word forms only their own cases and "secrete" are as near
# to one of them. "pass", "passwort", "parol" and the cases of "пароль" are left out, because they have such neighbours:
# "past", "passport", "patrol", "паром".
OFTEN_MISSPELT = ("password", "пароль", "secret", "sekret", "пассворд", "gfhjkm", "зфыыцщкв", "ыускуе")
# Fold by look: without marks, signs that stand for letters replaced, separators removed.
LOOKALIKES = TO_LATIN | str.maketrans("@430$51", "aaeossi", "-_.*'`’") | dict.fromkeys(range(0x300, 0x370))
DOUBLED = re.compile(r"(.)\1+", re.DOTALL)
# Any letter.
ANY_LETTER = "?"
# Words, and words with signs among their letters; shorter or longer ones are no name.
MAX_NAME = 32
PLAIN_WORD = re.compile(rf"(?<![^\W_])[^\W_]{{5,{MAX_NAME}}}(?![^\W_])")
SEPARATORS = r"\s=:>→,;/()\[\]\"«»“”„"
SYMBOL_WORD = re.compile(
    rf"(?<![^{SEPARATORS}])(?=[^\W_]{{0,{MAX_NAME}}}(?:_|[^\w{SEPARATORS}]))[^{SEPARATORS}]{{5,{MAX_NAME}}}(?![^{SEPARATORS}])"
)
VALUE = re.compile(r"(?:>|\s*[=:→]|\s)\s*\S")
# Bot tokens and API keys are detected by their form.
TOKEN_FORM = re.compile(r"\b\d{5,}(?::|%3A)[A-Za-z0-9_-]{30,}|\b[0-9a-fA-F]{32,}\b|(?i:bearer)\s+\S+")
# Addresses of private calendars and the like grant access; bare hosts are no secret.
ADDRESS = re.compile(r"(?i)\b(?:https?|webcal)://\S+")
# Alphabet of tokens and keys.
TOKEN_ALPHABET = "".join(map(chr, range(ord("0"), ord("z") + 1))) + "%-"


def contains_secret(text: str) -> bool:
    visible = _visible(text)
    latin = visible.translate(TO_LATIN)
    if _is_named(latin) or ASSIGNED.search(latin) or TOKEN_FORM.search(visible):
        return True
    return any(VALUE.match(visible, name.end()) for name in _misspelt(visible))


def contains_address(text: str) -> bool:
    """Return True if the text holds a web address, which may grant access."""
    return ADDRESS.search(_visible(text)) is not None


def names_secret(word: str) -> bool:
    """Return True if a value of this name is a secret."""
    visible = _visible(word)
    return ANY_NAME.search(f"{visible.translate(TO_LATIN)}=") is not None or any(_misspelt(visible))


def is_name(word: str) -> bool:
    """Return True if the whole word is the name of a secret, or nearly so."""
    visible = _visible(word)
    return NAME.fullmatch(visible.translate(TO_LATIN)) is not None or _is_misspelt(visible)


def without_secrets(text: str) -> str:
    """Return the first line up to the name of a secret, without web addresses. Further lines are dropped: pasted lists
    may hold secrets too."""
    kept = without_passwords(text.partition("\n")[0])
    visible = _visible(kept)
    return ADDRESS.sub(HIDDEN, visible) if ADDRESS.search(visible) else kept


def without_passwords(text: str) -> str:
    """Return the text up to the name of a secret, without text in the form of one."""
    visible = _visible(text)
    named = ANY_NAME.search(visible.translate(TO_LATIN))
    names = [*([named] if named else []), *_misspelt(visible)]
    end = min(names, key=lambda name: (name.start(), -name.end())).end() if names else len(visible)
    if visible[end:].strip():
        visible = f"{visible[:end]}={HIDDEN}"
    elif not TOKEN_FORM.search(visible):
        return text
    return TOKEN_FORM.sub(HIDDEN, visible)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters. Never cut inside a possible token: half of one is not detected."""
    return text if len(text) <= limit else text[:limit].rstrip(TOKEN_ALPHABET) + "…"


def _is_named(text: str) -> bool:
    if NAME.search(text) is None:
        return False
    return any(
        NAME.search(text, word.start(), word.end()) and VALUE.match(text, word.end()) for word in WORD.finditer(text)
    )


def _misspelt(visible: str) -> Iterator[re.Match[str]]:
    """Yield words that are nearly the name of a password."""
    words = (word for form in (PLAIN_WORD, SYMBOL_WORD) for word in form.finditer(visible))
    return (word for word in words if _is_misspelt(word[0]))


def _is_misspelt(word: str) -> bool:
    """Return True for the name of a password with at most one typing error: a letter added, missing or wrong, or two
    swapped; doubled letters and signs for letters are ignored."""
    folded = _fold(word) if len(word) <= MAX_NAME else ""
    if not folded or len(folded) > MAX_LETTERS:
        return False
    return not TYPOS.isdisjoint(
        [folded, *[f"{folded[:at]}{ANY_LETTER}{folded[at + 1 :]}" for at in range(len(folded))]]
    )


def _fold(word: str) -> str:
    """Fold by look, without case, marks and signs; doubled letters once."""
    return DOUBLED.sub(r"\1", _fold_letters(word))


def _fold_letters(word: str) -> str:
    return unicodedata.normalize("NFD", word.lower()).translate(LOOKALIKES)


def _typos(names: Iterable[str]) -> Iterator[str]:
    """Yield all forms with one typing error; ANY stands for any letter."""
    for before, after in ((name[:at], name[at:]) for name in names for at in range(len(name) + 1)):
        yield f"{before}{ANY_LETTER}{after}"
        yield f"{before}{ANY_LETTER}{after[1:]}"
        yield f"{before}{after[1:]}"
        yield f"{before}{after[1::-1]}{after[2:]}"


def _visible(text: str) -> str:
    """Remove invisible characters and normalize each character. One by one: canonical ordering of marks is
    quadratic."""
    if text.isascii() and text.isprintable():
        return text
    visible = INVISIBLE_CHARS.sub("", LINE_BREAKS.sub(" ", text)).replace("\u200d", "").replace("\ufe0f", "")
    return "".join(unicodedata.normalize("NFKC", char) for char in visible)


TYPOS = frozenset(map(_fold, _typos(spell(name) for name in OFTEN_MISSPELT for spell in (_fold_letters, _fold))))
MAX_LETTERS = max(map(len, TYPOS))

"""Detect secrets in typed text, by name or by form. Pure, and linear in the length of the text.

Near misses count too: a password written without its =, names with invisible characters or with letters that look
alike, and names with one typing error. Text is cut at such a name: the end of the secret is unknown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bot.messages.sanitize import LINE_BREAKS, UNSEEN
from bot.text.person_names import TWINS

HIDDEN = "•••"
# Names are matched after each Cyrillic letter that looks Latin is replaced, so they are written here in that form.
TO_LATIN = str.maketrans({cyrillic: latin for latin, cyrillic in TWINS.items()})
ALONE = r"(?<![^\W_])(?:{})(?![^\W_])"
LONG = f"pas+w(?:ords?|ort|d)?|pas+(?:phrase|code)|pwd|secret(?!ar)|{'пас+ворд|парол'.translate(TO_LATIN)}[ьяюеи]?"
NAME = re.compile(f"(?i){LONG}|{ALONE.format('pass+')}|{ALONE.format('parol+[iyj]?')}")
# Short names, common in plain text: they count only with a sign after them.
SHORT = ALONE.format("ps?w|pin|pas")
ASSIGNED = re.compile(rf"(?i){SHORT}\s*[=:]+[>\s]*\S")
ANY_NAME = re.compile(rf"{NAME.pattern}|{ALONE.format('ps?w')}|{SHORT}(?=\s*[=:])")
WORD = re.compile(r"[\w-]+")
# Names matched with one typing error: the common ones, two in phonetic spelling, and three typed in the other keyboard
# layout. Measured: of 104,000 English and 1,490,000 Russian word forms only their own cases and "secrete" are as near
# to one of them. "pass", "passwort", "parol" and the cases of "пароль" are left out, because they have such neighbours:
# "past", "passport", "patrol", "паром".
OFTEN_MISSPELT = ("password", "пароль", "secret", "sekret", "пассворд", "gfhjkm", "зфыыцщкв", "ыускуе")
# Fold by look: without marks, signs that stand for letters replaced, separators removed.
LOOKS = TO_LATIN | str.maketrans("@430$51", "aaeossi", "-_.*'`’") | dict.fromkeys(range(0x300, 0x370))
DOUBLED = re.compile(r"(.)\1+", re.DOTALL)
# Any letter.
ANY = "?"
# Words, and words with signs among their letters; shorter or longer ones are no name.
LONGEST_NAME = 32
PLAIN_WORD = re.compile(rf"(?<![^\W_])[^\W_]{{5,{LONGEST_NAME}}}(?![^\W_])")
BETWEEN = r"\s=:>→,;/()\[\]\"«»“”„"
SIGNED_WORD = re.compile(
    rf"(?<![^{BETWEEN}])(?=[^\W_]{{0,{LONGEST_NAME}}}(?:_|[^\w{BETWEEN}]))[^{BETWEEN}]{{5,{LONGEST_NAME}}}(?![^{BETWEEN}])"
)
VALUE = re.compile(r"(?:>|\s*[=:→]|\s)\s*\S")
# Bot tokens and API keys are detected by their form.
FORM = re.compile(r"\b\d{5,}(?::|%3A)[A-Za-z0-9_-]{30,}|\b[0-9a-fA-F]{32,}\b|(?i:bearer)\s+\S+")
# Addresses of private calendars and the like grant access; bare hosts are no secret.
ADDRESS = re.compile(r"(?i)\b(?:https?|webcal)://\S+")
# Alphabet of tokens and keys.
TOKEN = "".join(map(chr, range(ord("0"), ord("z") + 1))) + "%-"


def holds_secret(text: str) -> bool:
    seen = _as_seen(text)
    alike = seen.translate(TO_LATIN)
    if _is_named(alike) or ASSIGNED.search(alike) or FORM.search(seen):
        return True
    return any(VALUE.match(seen, name.end()) for name in _misspelt(seen))


def holds_address(text: str) -> bool:
    """Return True if the text holds a web address, which may grant access."""
    return ADDRESS.search(_as_seen(text)) is not None


def names_secret(word: str) -> bool:
    """Return True if a value of this name is a secret."""
    seen = _as_seen(word)
    return ANY_NAME.search(f"{seen.translate(TO_LATIN)}=") is not None or any(_misspelt(seen))


def is_name(word: str) -> bool:
    """Return True if the whole word is the name of a secret, or nearly so."""
    seen = _as_seen(word)
    return NAME.fullmatch(seen.translate(TO_LATIN)) is not None or _is_misspelt(seen)


def without_secrets(text: str) -> str:
    """Return the first line up to the name of a secret, without web addresses. Further lines are dropped: pasted lists
    may hold secrets too."""
    kept = without_passwords(text.partition("\n")[0])
    seen = _as_seen(kept)
    return ADDRESS.sub(HIDDEN, seen) if ADDRESS.search(seen) else kept


def without_passwords(text: str) -> str:
    """Return the text up to the name of a secret, without text in the form of one."""
    seen = _as_seen(text)
    named = ANY_NAME.search(seen.translate(TO_LATIN))
    names = [*([named] if named else []), *_misspelt(seen)]
    end = min(names, key=lambda name: (name.start(), -name.end())).end() if names else len(seen)
    if seen[end:].strip():
        seen = f"{seen[:end]}={HIDDEN}"
    elif not FORM.search(seen):
        return text
    return FORM.sub(HIDDEN, seen)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters. Never cut inside a possible token: half of one is not detected."""
    return text if len(text) <= limit else text[:limit].rstrip(TOKEN) + "…"


def _is_named(text: str) -> bool:
    if NAME.search(text) is None:
        return False
    return any(
        NAME.search(text, word.start(), word.end()) and VALUE.match(text, word.end()) for word in WORD.finditer(text)
    )


def _misspelt(seen: str) -> Iterator[re.Match[str]]:
    """Yield words that are nearly the name of a password."""
    words = (word for form in (PLAIN_WORD, SIGNED_WORD) for word in form.finditer(seen))
    return (word for word in words if _is_misspelt(word[0]))


def _is_misspelt(word: str) -> bool:
    """Return True for the name of a password with at most one typing error: a letter added, missing or wrong, or two
    swapped; doubled letters and signs for letters are ignored."""
    written = _plainly(word) if len(word) <= LONGEST_NAME else ""
    if not written or len(written) > MOST_LETTERS:
        return False
    return not SLIPS.isdisjoint([written, *[f"{written[:at]}{ANY}{written[at + 1 :]}" for at in range(len(written))]])


def _plainly(word: str) -> str:
    """Fold by look, without case, marks and signs; doubled letters once."""
    return DOUBLED.sub(r"\1", _letters(word))


def _letters(word: str) -> str:
    return unicodedata.normalize("NFD", word.lower()).translate(LOOKS)


def _slips(names: Iterable[str]) -> Iterator[str]:
    """Yield all forms with one typing error; ANY stands for any letter."""
    for before, after in ((name[:at], name[at:]) for name in names for at in range(len(name) + 1)):
        yield f"{before}{ANY}{after}"
        yield f"{before}{ANY}{after[1:]}"
        yield f"{before}{after[1:]}"
        yield f"{before}{after[1::-1]}{after[2:]}"


def _as_seen(text: str) -> str:
    """Remove invisible characters and normalize each character. One by one: canonical ordering of marks is
    quadratic."""
    if text.isascii() and text.isprintable():
        return text
    seen = UNSEEN.sub("", LINE_BREAKS.sub(" ", text)).replace("\u200d", "").replace("\ufe0f", "")
    return "".join(unicodedata.normalize("NFKC", sign) for sign in seen)


SLIPS = frozenset(map(_plainly, _slips(spell(name) for name in OFTEN_MISSPELT for spell in (_letters, _plainly))))
MOST_LETTERS = max(map(len, SLIPS))

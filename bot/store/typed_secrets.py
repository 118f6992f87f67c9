"""What people type that is a secret, by its name or by its form. Pure, and linear in what they type.

Words that are nearly right count too, and a password written without its =; so do names with something invisible in
them, and with letters that look the same. A name with one slip of the fingers is that name. What is kept ends with such
a name: nobody can tell where the secret ends.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bot.messages.sanitize import LINE_BREAKS, UNSEEN
from bot.text.person_names import TWINS

HIDDEN = "•••"
# Names are looked for where every Cyrillic letter that looks like a Latin one is that, and so are they written here.
TO_LATIN = str.maketrans({cyrillic: latin for latin, cyrillic in TWINS.items()})
ALONE = r"(?<![^\W_])(?:{})(?![^\W_])"
LONG = f"pas+w(?:ords?|ort|d)?|pas+(?:phrase|code)|pwd|secret(?!ar)|{'пас+ворд|парол'.translate(TO_LATIN)}[ьяюеи]?"
NAME = re.compile(f"(?i){LONG}|{ALONE.format('pass+')}|{ALONE.format('parol+[iyj]?')}")
# So short that these are one in talk only with a sign behind them.
SHORT = ALONE.format("ps?w|pin|pas")
ASSIGNED = re.compile(rf"(?i){SHORT}\s*[=:]+[>\s]*\S")
ANY_NAME = re.compile(rf"{NAME.pattern}|{ALONE.format('ps?w')}|{SHORT}(?=\s*[=:])")
WORD = re.compile(r"[\w-]+")
# In these one slip is looked for: the names that people write, two as they sound, and three in the other layout of the
# keyboard. Measured: of 104,000 English and 1,490,000 Russian forms of words none but their own cases and "secrete" is
# as near to one of them. To "pass", "passwort", "parol" and the cases of "пароль" others are: "past", "passport",
# "patrol", "паром".
OFTEN_MISSPELT = ("password", "пароль", "secret", "sekret", "пассворд", "gfhjkm", "зфыыцщкв", "ыускуе")
# As letters look: without marks, with signs that stand for letters, and without those that stand between them.
LOOKS = TO_LATIN | str.maketrans("@430$51", "aaeossi", "-_.*'`’") | dict.fromkeys(range(0x300, 0x370))
DOUBLED = re.compile(r"(.)\1+", re.DOTALL)
# For a letter of no matter which kind.
ANY = "?"
# Words, and words with signs among their letters; shorter or longer ones are no name.
LONGEST_NAME = 32
PLAIN_WORD = re.compile(rf"(?<![^\W_])[^\W_]{{5,{LONGEST_NAME}}}(?![^\W_])")
BETWEEN = r"\s=:>→,;/()\[\]\"«»“”„"
SIGNED_WORD = re.compile(
    rf"(?<![^{BETWEEN}])(?=[^\W_]{{0,{LONGEST_NAME}}}(?:_|[^\w{BETWEEN}]))[^{BETWEEN}]{{5,{LONGEST_NAME}}}(?![^{BETWEEN}])"
)
VALUE = re.compile(r"(?:>|\s*[=:→]|\s)\s*\S")
# A bot's token and an API key give themselves away by their form.
FORM = re.compile(r"\b\d{5,}(?::|%3A)[A-Za-z0-9_-]{30,}|\b[0-9a-fA-F]{32,}\b|(?i:bearer)\s+\S+")
# Addresses of private calendars and the like open what they lead to; hosts alone are no secret.
ADDRESS = re.compile(r"(?i)\b(?:https?|webcal)://\S+")
# What a token or a key is written in.
TOKEN = "".join(map(chr, range(ord("0"), ord("z") + 1))) + "%-"


def holds_secret(text: str) -> bool:
    """Whether something in it is nobody else's business."""
    seen = _as_seen(text)
    alike = seen.translate(TO_LATIN)
    if _is_named(alike) or ASSIGNED.search(alike) or FORM.search(seen):
        return True
    return any(VALUE.match(seen, name.end()) for name in _misspelt(seen))


def holds_address(text: str) -> bool:
    """Whether there is a web address in it, which may open what it leads to."""
    return ADDRESS.search(_as_seen(text)) is not None


def names_secret(word: str) -> bool:
    """Whether what bears this name is a secret."""
    seen = _as_seen(word)
    return ANY_NAME.search(f"{seen.translate(TO_LATIN)}=") is not None or any(_misspelt(seen))


def is_name(word: str) -> bool:
    """Whether the word as a whole is the name of a secret, or nearly that."""
    seen = _as_seen(word)
    return NAME.fullmatch(seen.translate(TO_LATIN)) is not None or _is_misspelt(seen)


def without_secrets(text: str) -> str:
    """The first line of it, up to the name of a secret, and no web addresses: pasted lists are not kept, and may hold
    some too."""
    kept = without_passwords(text.partition("\n")[0])
    seen = _as_seen(kept)
    return ADDRESS.sub(HIDDEN, seen) if ADDRESS.search(seen) else kept


def without_passwords(text: str) -> str:
    """It, up to the name of a secret, and without what has the form of one."""
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
    """At most `limit` characters of it. Not cut within what may be a token: half of one is not known for what it is."""
    return text if len(text) <= limit else text[:limit].rstrip(TOKEN) + "…"


def _is_named(text: str) -> bool:
    if NAME.search(text) is None:
        return False
    return any(
        NAME.search(text, word.start(), word.end()) and VALUE.match(text, word.end()) for word in WORD.finditer(text)
    )


def _misspelt(seen: str) -> Iterator[re.Match[str]]:
    """What in it is nearly the name of a password."""
    words = (word for form in (PLAIN_WORD, SIGNED_WORD) for word in form.finditer(seen))
    return (word for word in words if _is_misspelt(word[0]))


def _is_misspelt(word: str) -> bool:
    """Whether it is the name of a password, but for one slip at most: a letter too many, too few or wrong, two that
    changed places, and any that are doubled or written with a sign."""
    written = _plainly(word) if len(word) <= LONGEST_NAME else ""
    if not written or len(written) > MOST_LETTERS:
        return False
    return not SLIPS.isdisjoint([written, *[f"{written[:at]}{ANY}{written[at + 1 :]}" for at in range(len(written))]])


def _plainly(word: str) -> str:
    """It as its letters look, doubled ones once: without case, marks and signs."""
    return DOUBLED.sub(r"\1", _letters(word))


def _letters(word: str) -> str:
    return unicodedata.normalize("NFD", word.lower()).translate(LOOKS)


def _slips(names: Iterable[str]) -> Iterator[str]:
    """All that one slip makes of them, with ANY for a letter of no matter which kind."""
    for before, after in ((name[:at], name[at:]) for name in names for at in range(len(name) + 1)):
        yield f"{before}{ANY}{after}"
        yield f"{before}{ANY}{after[1:]}"
        yield f"{before}{after[1:]}"
        yield f"{before}{after[1::-1]}{after[2:]}"


def _as_seen(text: str) -> str:
    """Without what shows nothing, and each sign as it is usually written. Sign by sign: putting marks into their order
    takes the square of their number."""
    if text.isascii() and text.isprintable():
        return text
    seen = UNSEEN.sub("", LINE_BREAKS.sub(" ", text)).replace("\u200d", "").replace("\ufe0f", "")
    return "".join(unicodedata.normalize("NFKC", sign) for sign in seen)


SLIPS = frozenset(map(_plainly, _slips(spell(name) for name in OFTEN_MISSPELT for spell in (_letters, _plainly))))
MOST_LETTERS = max(map(len, SLIPS))

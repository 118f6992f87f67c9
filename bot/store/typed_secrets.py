"""What people type that is a secret, by its name or by its form. Pure, and linear in what they type.

Words that are nearly right count too, and a password written without its =; so do names with something invisible in
them, and with letters that look the same. What is kept ends with such a name: nobody can tell where the secret ends.
"""

import re
import unicodedata

from bot.names import TWINS
from bot.unseen import LINE_BREAKS, UNSEEN

HIDDEN = "•••"
# Names are looked for where every Cyrillic letter that looks like a Latin one is that, and so are they written here.
TO_LATIN = str.maketrans({cyrillic: latin for latin, cyrillic in TWINS.items()})
ALONE = r"(?<![^\W_])(?:{})(?![^\W_])"
LONG = f"pas+w(?:ords?)?|pas+(?:phrase|code)|pwd|secret(?!ar)|{'пас+ворд|парол'.translate(TO_LATIN)}[ьяюеи]?"
NAME = re.compile(f"(?i){LONG}|{ALONE.format('pass')}")
# So short that these are one in talk only with a sign behind them.
SHORT = ALONE.format("ps?w|pin")
ASSIGNED = re.compile(rf"(?i){SHORT}\s*[=:]+[>\s]*\S")
ANY_NAME = re.compile(rf"{NAME.pattern}|{ALONE.format('ps?w')}|{SHORT}(?=\s*[=:])")
WORD = re.compile(r"[\w-]+")
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
    return bool(_is_named(alike) or ASSIGNED.search(alike) or FORM.search(seen))


def holds_address(text: str) -> bool:
    """Whether there is a web address in it, which may open what it leads to."""
    return ADDRESS.search(_as_seen(text)) is not None


def names_secret(word: str) -> bool:
    """Whether what bears this name is a secret."""
    return ANY_NAME.search(_as_seen(word).translate(TO_LATIN)) is not None


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
    if named and seen[named.end() :].strip():
        seen = f"{seen[: named.end()]}={HIDDEN}"
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


def _as_seen(text: str) -> str:
    """Without what shows nothing, and each sign as it is usually written. Sign by sign: putting marks into their order
    takes the square of their number."""
    if text.isascii() and text.isprintable():
        return text
    seen = UNSEEN.sub("", LINE_BREAKS.sub(" ", text)).replace("\u200d", "").replace("\ufe0f", "")
    return "".join(unicodedata.normalize("NFKC", sign) for sign in seen)

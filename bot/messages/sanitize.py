"""Sanitize untrusted text: names and caller ids must not become links or commands in a chat."""

import html
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bot.text.normalization import INVISIBLE_CHARS

LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")

MAX_LENGTH = 500
WORD_JOINER = "\u2060"  # invisible, and prevents Telegram from making a link

# Telegram makes links after these. A dot before a letter may be a domain's; times and amounts have a dot too, and are
# parsed later by filters.
LINK_STARTS = re.compile(
    r"""[@#$](?=\S)               # mentions, hashtags, cashtags
    | (?<!\w)/(?=\w)            # commands
    | :(?=//)                   # links with a scheme, whatever comes after it
    | \.(?=[^\W\d_])            # domains and e-mail addresses
    | \.(?=\d+\.\d+\.\d)        # addresses in figures
    """,
    re.VERBOSE,
)
# Not at a cut: the joiner of compound emoji, and the emoji selector.
JOINS = "\u200d\ufe0f "
INVISIBLE_JOINERS = frozenset("\u200d\ufe0f")
# Combining marks on one letter; no script needs more.
MAX_MARKS = 3
MARKS = frozenset({"Mn", "Me"})
# Possible marks or signs: neither letters nor digits, nor spaces.
SYMBOLS = re.compile(r"[^\w\s\x00-\x7f]+")
# Signs of the bot's own messages: pictures, arrows, mathematical signs, dots and quotation marks. The dot of masked
# numbers is not one of them.
OWN_CATEGORIES = frozenset({"So", "Sm", "Sk"})
OWN_SYMBOLS = frozenset("·“”„«»‹›‘’\u200d\ufe0f")
CODE = re.compile(r"(</?(?:code|pre)>)")
TAG = re.compile(r"<[^<>]*>")


def visible(text: str) -> str:
    """Return the visible text in one line; "" if none."""
    cleaned = INVISIBLE_CHARS.sub("", LINE_BREAKS.sub(" ", text))
    if not cleaned.isascii():
        cleaned = SYMBOLS.sub(_limit_marks, cleaned)
    return "" if all(char.isspace() or char in INVISIBLE_JOINERS for char in cleaned) else cleaned


def _limit_marks(symbols: re.Match[str]) -> str:
    kept, marks = list[str](), 0
    for char in symbols[0]:
        marks = marks + 1 if unicodedata.category(char) in MARKS else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def unmarked(text: str) -> str:
    """Remove the signs of the bot's own messages, which a person's name must not imitate."""
    return " ".join(SYMBOLS.sub(_without_own, text).split())


def _without_own(symbols: re.Match[str]) -> str:
    return "".join(
        char for char in symbols[0] if char not in OWN_SYMBOLS and unicodedata.category(char) not in OWN_CATEGORIES
    )


def sanitize(text: str) -> str:
    """Return one sanitized line. Idempotent."""
    cleaned = visible(text)
    if len(cleaned) > MAX_LENGTH:
        cleaned = cleaned[: MAX_LENGTH - 1] + "…"
    return LINK_STARTS.sub(rf"\g<0>{WORD_JOINER}", cleaned)


def unsanitize(text: str) -> str:
    """Return a sanitized text as originally written: to copy or look up."""
    return text.replace(WORD_JOINER, "")


def sanitize_facts(value: object) -> Any:
    """Sanitize every text in a fact.

    Raises TypeError for a value that is not plain, whose content could not be sanitized.
    """
    match value:
        case str():
            return sanitize(value)
        case None | bool() | int() | float() | date() | timedelta():
            return value
        case Mapping():
            return {key: sanitize_facts(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [sanitize_facts(inner) for inner in value]
    raise TypeError(f"facts are plain values, not {type(value).__name__}")


def literal_code(markup: str) -> str:
    """Restore the original text inside <code>, where Telegram makes no links and people copy exactly, and inside tags:
    the address of a link."""
    parts, within = [], ""
    for part in CODE.split(markup):
        if not within and part in ("<code>", "<pre>"):
            within = part
        elif part == within.replace("<", "</"):
            within = ""
        parts.append(unsanitize(part) if within else TAG.sub(lambda tag: unsanitize(tag[0]), part))
    return "".join(parts)


def plain(markup: str) -> str:
    """Return the visible text of Telegram HTML."""
    return html.unescape(TAG.sub("", markup))


def units(text: str) -> int:
    """Return the length in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, limit: int) -> str:
    """Cut to `limit` UTF-16 units, ending in "…". Neither a character nor a compound emoji is split."""
    if units(text) <= limit:
        return text
    remaining, kept = limit - 1, []
    for char in text:
        remaining -= units(char)
        if remaining < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip(JOINS) + "…"

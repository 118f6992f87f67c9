"""Foreign text made harmless. Names and caller ids come from whoever calls: nothing in them may act in a chat."""

import html
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

LONGEST = 500
WORD_JOINER = "\u2060"  # invisible, and enough for Telegram to see nothing to press

LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Controls, marks that turn the direction of writing, invisible characters, and halves of characters that no
# encoding can carry. The joiner of compound emoji (U+200D) stays.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"
)
UNSEEN = re.compile(f"[{INVISIBLE}]")
# After these Telegram looks for something to press, by itself. A dot before a letter may be that of a domain; times
# and amounts have a dot too, and are still to be read by whoever formats them.
PRESSED = re.compile(
    r"""[@#$](?=\S)               # mentions, hashtags, cashtags
    | (?<!\w)/(?=\w)            # commands
    | :(?=//)                   # links with a scheme, whatever comes after it
    | \.(?=[^\W\d_])            # domains and e-mail addresses
    | \.(?=\d+\.\d+\.\d)        # addresses in figures
    """,
    re.VERBOSE,
)
# At the end of what is cut: the joiner of compound emoji, and the mark that makes a sign one.
JOINS = "\u200d\ufe0f "
CODE = re.compile(r"(</?(?:code|pre)>)")
TAG = re.compile(r"<[^<>]*>")


def visible(text: str) -> str:
    """What is seen of it, in one line."""
    return UNSEEN.sub("", LINE_BREAKS.sub(" ", text))


def clean(text: str) -> str:
    """One harmless line. Cleaning twice is the same as cleaning once."""
    seen = visible(text)
    if len(seen) > LONGEST:
        seen = seen[: LONGEST - 1] + "…"
    return PRESSED.sub(rf"\g<0>{WORD_JOINER}", seen)


def literal(text: str) -> str:
    """A cleaned text as it was written: to be copied, or to be looked up."""
    return text.replace(WORD_JOINER, "")


def harmless(value: object) -> Any:
    """A fact with every text in it cleaned. TypeError for what is not a plain value: nobody could clean inside it."""
    match value:
        case str():
            return clean(value)
        case None | bool() | int() | float() | date() | timedelta():
            return value
        case Mapping():
            return {key: harmless(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [harmless(inner) for inner in value]
    raise TypeError(f"facts are plain values, not {type(value).__name__}")


def literal_code(markup: str) -> str:
    """Inside <code> Telegram makes no links, and people copy what stands there: it must be exact."""
    parts, within = [], ""
    for part in CODE.split(markup):
        if not within and part in ("<code>", "<pre>"):
            within = part
        elif part == within.replace("<", "</"):
            within = ""
        parts.append(literal(part) if within else part)
    return "".join(parts)


def plain(markup: str) -> str:
    """What is seen of Telegram HTML."""
    return html.unescape(TAG.sub("", markup))


def units(text: str) -> int:
    """Length as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, with "…" for what is missing. No character is cut through, nor left to join with
    what is gone."""
    if units(text) <= limit:
        return text
    left, kept = limit - 1, []
    for char in text:
        left -= units(char)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip(JOINS) + "…"

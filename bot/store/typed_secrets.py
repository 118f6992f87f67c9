"""What people type that is a secret, by its name or by its form. Pure, and linear in what they type.

Words that are nearly right count too, and a password written without its =.
"""

import re
from collections.abc import Iterator

HIDDEN = "•••"
WORD = re.compile(r"[\w-]+")
NAME = re.compile(r"(?i)pas+w|\bpass\b|pwd|secret|парол")
VALUE = re.compile(r"(?:\s*[=:]\s*|\s+)(?:\"[^\"]*\"?|«[^»]*»?|“[^”]*”?|\S+)")
# A bot's token and an API key give themselves away by their form.
FORM = re.compile(r"\b\d{5,}(?::|%3A)[A-Za-z0-9_-]{30,}|\b[0-9a-fA-F]{32,}\b|(?i:bearer)\s+\S+")
# Addresses of private calendars and the like open what they lead to; hosts alone are no secret.
ADDRESS = re.compile(r"(?i)\b(?:https?|webcal)://\S+")
# What a token or a key is written in.
TOKEN = "".join(map(chr, range(ord("0"), ord("z") + 1))) + "%-"


def holds_secret(text: str) -> bool:
    """Whether something in it is nobody else's business."""
    return bool(next(_named(text), None) or FORM.search(text))


def names_secret(word: str) -> bool:
    """Whether what bears this name is a secret."""
    return NAME.search(word) is not None


def without_secrets(text: str) -> str:
    """The first line of it, with passwords and web addresses taken out: pasted lists are not kept, and may hold some
    too."""
    line = text.partition("\n")[0]
    parts, at = list[str](), 0
    for word_ends, value_ends in _named(line):
        parts += [line[at:word_ends], "=", HIDDEN]
        at = value_ends
    shown = "".join(parts) + line[at:]
    return ADDRESS.sub(HIDDEN, FORM.sub(HIDDEN, shown))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of it. Not cut within what may be a token: half of one is not known for what it is."""
    return text if len(text) <= limit else text[:limit].rstrip(TOKEN) + "…"


def _named(text: str) -> Iterator[tuple[int, int]]:
    """Where the names of secrets end, and the secrets that follow them."""
    if NAME.search(text) is None:
        return
    at = 0
    while word := WORD.search(text, at):
        at = word.end()
        if NAME.search(text, word.start(), at) and (value := VALUE.match(text, at)):
            at = value.end()
            yield word.end(), at

"""Parse command arguments: words, quoted phrases and field=value pairs. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.store.typed_secrets import HIDDEN
from handlers.parsing.times.model import fold

# They end what a command has set.
OFF = frozenset(
    map(fold, ("off", "no", "stop", "disable", "выкл", "выключить", "выключи", "отключить", "отключи", "стоп", "нет"))
)
# Mobile keyboards replace plain quotes with typographic ones.
QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}
FIELD = re.compile(r"\A[^\W\d][\w-]*=")
SPACES_AROUND = re.compile(r"(?<!\S)([^\W\d][\w-]{0,30})[ \t]{0,9}=[ \t]{0,9}(?=\S)")
# Text that may be intended as a field: a name with other characters in it, or followed by a colon.
FIELD_LIKE = re.compile(r"\A(?:[^=:]*=|[^\W\d_]+:)")


@dataclass(frozen=True, slots=True)
class Words:
    """`free`: positional words in order. `fields`: value by lower-case name."""

    free: tuple[str, ...]
    fields: dict[str, str]


def split(text: str) -> list[str]:
    """Split into words. A quoted phrase is one word, spaces included; an unclosed quote is an ordinary character."""
    words: list[str] = []
    word, began, at = "", False, 0
    closed_last = {char: text.rfind(closing) for char, closing in QUOTES.items()}
    while at < len(text):
        char = text[at]
        opens = closed_last.get(char, -1) > at and (not word or word.endswith("="))
        closing = text.find(QUOTES[char], at + 1) if opens else -1
        if closing > at:
            word, began, at = word + text[at + 1 : closing], True, closing
        elif char.isspace():
            if began or word:
                words.append(word)
            word, began = "", False
        else:
            word += char
        at += 1
    if began or word:
        words.append(word)
    return words


def read_words(text: str, several: Collection[str] = ()) -> Words:
    """Parse `244, "Anna Johnson" mobile = +79001234567` into two free words and one field. The last of duplicate fields
    wins. Values of the fields `several` may have more words, up to the next field, without quotes."""
    free: list[str] = []
    fields: dict[str, str] = {}
    name = ""
    for word in split(SPACES_AROUND.sub(r"\1=", text)):
        if FIELD.match(word):
            written, _, value = word.partition("=")
            name = written.lower()
            fields[name] = value
        elif name in several:
            fields[name] += f" {word}"
        else:
            free.append(word.rstrip(",;") or word)
    return Words(tuple(free), fields)


def of_known_fields(text: str, names: Collection[str]) -> str:
    """Return the text with the values of unknown fields hidden: a misspelled field name may hold a secret. A value
    extends to the next field."""
    kept: list[str] = []
    hides = False
    for word in split(text):
        field_like = FIELD_LIKE.match(word)
        if field_like is not None:
            hides = field_like[0][:-1].lower() not in names
            kept.append(f"{field_like[0]}{HIDDEN}" if hides else word)
        elif not hides:
            kept.append(word)
    return " ".join(kept) if any(word.endswith(HIDDEN) for word in kept) else text


def station_named(text: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the station named by the first or last word, and the text without that word. `names` are in lower case."""
    words = text.split()
    for place in (-1, 0) if words else ():
        if (named := names.get(words[place].lower())) is not None:
            head, _, tail = text.partition(words[0]) if place == 0 else text.rpartition(words[-1])
            return named, (head + tail).strip()
    return None, text

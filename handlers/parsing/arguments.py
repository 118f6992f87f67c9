"""Reading what people type after a command: words, "words in quotes", and field=value. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.store.typed_secrets import HIDDEN

# Telephones put typographic quotes where people typed plain ones.
QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}
FIELD = re.compile(r"\A[^\W\d][\w-]*=")
# Whatever people may have meant for one: also with signs in its name, or with a colon.
MEANT_FOR_FIELD = re.compile(r"\A(?:[^=:]*=|[^\W\d_]+:)")


@dataclass(frozen=True, slots=True)
class Words:
    """`free` words in their order, and the value of each `field` written as field=value, names in lower case."""

    free: tuple[str, ...]
    fields: dict[str, str]


def split(text: str) -> list[str]:
    """Words; what stands in quotes is one, with its spaces. An unclosed quote is an ordinary character."""
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


def read_words(text: str) -> Words:
    """`244 "Anna Johnson" mobile=+79001234567` is two free words and one field. The last of two equal fields counts."""
    free: list[str] = []
    fields: dict[str, str] = {}
    for word in split(text):
        if FIELD.match(word):
            name, _, value = word.partition("=")
            fields[name.lower()] = value
        else:
            free.append(word)
    return Words(tuple(free), fields)


def of_known_fields(text: str, names: Collection[str]) -> str:
    """It, without the values of fields that have none of these names: those may be secrets behind a name that was not
    spelled right. A value goes on until the next field."""
    kept: list[str] = []
    hides = False
    for word in split(text):
        meant = MEANT_FOR_FIELD.match(word)
        if meant is not None:
            hides = meant[0][:-1].lower() not in names
            kept.append(f"{meant[0]}{HIDDEN}" if hides else word)
        elif not hides:
            kept.append(word)
    return " ".join(kept) if any(word.endswith(HIDDEN) for word in kept) else text


def station_named(text: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    """What the first or the last word names, and the text without it. `names` are in lower case."""
    words = text.split()
    for place in (-1, 0) if words else ():
        if (named := names.get(words[place].lower())) is not None:
            head, _, tail = text.partition(words[0]) if place == 0 else text.rpartition(words[-1])
            return named, (head + tail).strip()
    return None, text

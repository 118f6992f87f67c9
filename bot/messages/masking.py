"""Phone numbers shown in part, for those who may not read them whole. Pure.

Strangers choose their own names, so a number is found as a person would read it: in any script, with any punctuation.
Digits that may be a number are one, unless they begin as a date, a time of day or an IPv4 address.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.messages import formatting
from bot.messages.message import Own
from bot.messages.sanitize import BLANKS, visible

SHORTEST = 7
HIDDEN = 5
LAST = 2
# What is longer than a number should be may be two of them: never more than this is shown of its beginning.
FIRST = 6
DOT = "•"
NOTHING = "\0"

ALIKE = {
    "−": "-",
    "＋": "+",
    "⁺": "+",
    "．": ".",
    "․": ".",
    "·": ".",
    **dict.fromkeys(BLANKS, NOTHING),
}
# The last three are joiners, accents, and frames like that of a keycap.
ALIKE_BY_KIND = {"Zs": " ", "Pd": "-", "Ps": "(", "Pe": ")", "Cf": NOTHING, "Mn": NOTHING, "Me": NOTHING}

DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
CLOCK = r"\d{1,2}:[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:[+-]\d\d:\d\d(?!:))?"
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
ADDRESS = rf"{OCTET}(?:\.{OCTET}){{3}}(?!\.\d)"

TIGHT, LOOSE = rf"[-+.{NOTHING}]*", rf"[-+.() {NOTHING}]*"
ALREADY_MASKED = rf"(?:{DOT}{LOOSE}){{{HIDDEN}}}\d{LOOSE}\d"
# After a space or a bracket a number goes on only while it is short: the 202 of `1234567 202` is no part of it.
BEGINNING = rf"\d(?:{TIGHT}\d){{0,{SHORTEST - 2}}}(?!{TIGHT}\d){LOOSE}"
NUMBER = rf"(?:\+[ (]*)?(?:{BEGINNING})*\d(?:{TIGHT}\d)*"
DIGITS = re.compile(rf"(?:{ALREADY_MASKED}|{DATE}|{CLOCK}|{ADDRESS})(?!\d)|(?P<number>{NUMBER})")


def masked(value: object, country: str = "") -> Any:
    """A fact with every phone number in its texts shown in part. Masking twice is the same as masking once. Numbers
    without a plus are of `country`, when it is known."""
    match value:
        case Own():
            return value
        case str():
            return _masked_text(visible(value), country)
        case Mapping():
            return {key: masked(inner, country) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(inner, country) for inner in value]
    return value


def _masked_text(text: str, country: str) -> str:
    read = "".join(map(_read, text))
    # From the end, so that what stands before keeps its place.
    for found in reversed([*DIGITS.finditer(read)]):
        number = found["number"] or ""
        if sum(map(str.isdigit, number)) >= SHORTEST:
            text = text[: found.start()] + _in_part(number, country) + text[found.end() :]
    return text


def _read(character: str) -> str:
    """The ASCII character that a person takes it for."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return ALIKE.get(character) or ALIKE_BY_KIND.get(unicodedata.category(character), character)


def _in_part(number: str, country: str) -> str:
    """`+7 916 •••-••-11`"""
    written = formatting.phone(number.replace(NOTHING, ""), country)
    places = [place for place, character in enumerate(written) if character.isdigit()]
    first = max(0, min(FIRST, len(places) - HIDDEN - LAST))
    hidden = {*places[first:-LAST]}
    return "".join(DOT if place in hidden else character for place, character in enumerate(written))

"""Mask phone numbers for people without the right to read them. Pure.

Callers choose their own names, so a number is detected as a person would read it: in any script, with any punctuation.
Any digits that may be a number are masked, unless they begin as a date, a time of day or an IPv4 address.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.messages import formatting
from bot.messages.message import TrustedText
from bot.messages.sanitize import visible
from bot.text.normalization import BLANKS

MIN_DIGITS = 7
HIDDEN = 5
LAST = 2
# Digits beyond a number's length may be two numbers: show no more than this of the beginning.
FIRST = 6
DOT = "•"
DROPPED = "\0"

ALIKE = {
    "−": "-",
    "＋": "+",
    "⁺": "+",
    "．": ".",
    "․": ".",
    "·": ".",
    **dict.fromkeys(BLANKS, DROPPED),
}
# The last three are joiners, accents, and frames like that of a keycap.
ALIKE_BY_KIND = {"Zs": " ", "Pd": "-", "Ps": "(", "Pe": ")", "Cf": DROPPED, "Mn": DROPPED, "Me": DROPPED}

DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
CLOCK = r"\d{1,2}:[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:[+-]\d\d:\d\d(?!:))?"
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
ADDRESS = rf"{OCTET}(?:\.{OCTET}){{3}}(?!\.\d)"

TIGHT, LOOSE = rf"[-+.{DROPPED}]*", rf"[-+.() {DROPPED}]*"
ALREADY_MASKED = rf"(?:{DOT}{LOOSE}){{{HIDDEN}}}\d{LOOSE}\d"
# After a space or a bracket a number continues only while short: in `1234567 202` the 202 is separate.
BEGINNING = rf"\d(?:{TIGHT}\d){{0,{MIN_DIGITS - 2}}}(?!{TIGHT}\d){LOOSE}"
NUMBER = rf"(?:\+[ (]*)?(?:{BEGINNING})*\d(?:{TIGHT}\d)*"
DIGITS = re.compile(rf"(?:{ALREADY_MASKED}|{DATE}|{CLOCK}|{ADDRESS})(?!\d)|(?P<number>{NUMBER})")


def masked(value: object, country: str = "") -> Any:
    """Return a fact with every phone number in its texts masked.

    Idempotent. `country` applies to numbers without a plus, "" if unknown.
    """
    match value:
        case TrustedText():
            return value
        case str():
            return _masked_text(visible(value), country)
        case Mapping():
            return {key: masked(inner, country) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(inner, country) for inner in value]
    return value


def _masked_text(text: str, country: str) -> str:
    read = "".join(map(_as_ascii, text))
    # From the end, so that earlier offsets stay valid.
    for found in reversed([*DIGITS.finditer(read)]):
        number = found["number"] or ""
        if sum(map(str.isdigit, number)) >= MIN_DIGITS:
            text = text[: found.start()] + _mask_number(number, country) + text[found.end() :]
    return text


def _as_ascii(character: str) -> str:
    """Return the ASCII character that it looks like."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return ALIKE.get(character) or ALIKE_BY_KIND.get(unicodedata.category(character), character)


def _mask_number(number: str, country: str) -> str:
    """Mask as `+7 916 •••-••-11`."""
    written = formatting.phone(number.replace(DROPPED, ""), country)
    places = [place for place, character in enumerate(written) if character.isdigit()]
    first = max(0, min(FIRST, len(places) - HIDDEN - LAST))
    hidden = {*places[first:-LAST]}
    return "".join(DOT if place in hidden else character for place, character in enumerate(written))

"""Texts that make a bad pattern work for long: as long as Telegram takes them, and made of what it is made of."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

MOST = 4096
# What repeats.
# fmt: off
UNITS = (
    "a", "a-", "-", "1", "1-", ".1", "1:", "1d", "+79161111111", "+7(", "(", "<", "<b>", "<code>", "<pre>", "&lt;",
    "@", "a@b.", "/", "/a", "#", ":", ";", ",", "=", "a=b", "pass", "-passw", "password=", "пароль", "\"", "«",
    "„", "'", "•", "ё", "中", "😀", "＋", "today", "from", "last", "и", "between", "week", "28.11", "9:00-12:00",
    "missed", "201", "for", "until", "https://a", "a.b", "1.2.3.4",
    "\u0301\u0316", "\u0316\u0301\u0f71", "\u202e", "\u00a0", "\ud800",
)
# fmt: on


def texts(length: int = MOST, units: Iterable[str] = UNITS) -> Iterator[str]:
    """One unit again and again, tightly and in words; and words that all differ."""
    for unit in units:
        yield repeated(unit, length - 1) + "!"
        yield repeated(f"{unit} ", length)
    for blank in (" ", "\n", "\t"):
        yield repeated(blank, length - 1) + "x"
    for form in ("w{}=1 ", "w{} ", "+7916{:07} ", "{} ", "2{:03}-01-01 ", "пароль{}=x ", "@user{} ", "w{}\n"):
        yield "".join(form.format(number) for number in range(length))[:length]


def repeated(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def against(pattern: re.Pattern[Any], length: int = MOST) -> Iterator[str]:
    """What nearly fits this pattern: parts of what it is made of, from its beginning and from anywhere, repeated; and
    ended by what does not fit."""
    every = [*_parts(pattern)]
    parts = list(dict.fromkeys(every))
    # What stands together in it, as `pas+w` does.
    together = ["".join(every[at : at + count]) for count in (3, 4) for at in range(min(len(every), 12) - count + 1)]
    begun = ["".join(parts[:count]) for count in range(2, min(len(parts), 5) + 1)]
    pairs = [one + other for one, other in pairwise([*parts[:6], *parts[:1]])]
    for unit in dict.fromkeys([*parts[:6], *begun, *pairs, *together]):
        yield repeated(unit, length - 1) + "\x00"
        for start in parts[:2]:
            yield start + repeated(unit, length - len(start) - 1) + "!"


def _parts(pattern: re.Pattern[Any]) -> Iterator[str]:
    parsed = re._parser.parse(pattern.pattern, pattern.flags)  # type: ignore[attr-defined]
    yield from (part for part in _samples(parsed) if part)


def _samples(parsed: Any) -> Iterator[str]:
    """A character, or some of them, for each thing in a parsed pattern."""
    literal = ""
    for kind, given in parsed:
        name = str(kind)
        if name == "LITERAL":
            literal += chr(given)
            continue
        if literal:
            yield from (literal, literal[0])
            literal = ""
        if name == "IN":
            yield from _of_class(given)
        elif name in ("ANY", "NOT_LITERAL"):
            yield "a"
        else:
            for inner in _inner(given):
                yield from _samples(inner)
    if literal:
        yield from (literal, literal[0])


def _inner(given: Any) -> Iterator[Any]:
    """The parsed patterns within something of one."""
    if hasattr(given, "getwidth"):
        yield given
    elif isinstance(given, list | tuple):
        for part in given:
            yield from _inner(part)


CATEGORIES = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}


def _of_class(members: Any) -> Iterator[str]:
    """Some characters that a class in brackets takes."""
    if str(members[0][0]) == "NEGATE":
        outside = {given for kind, given in members[1:] if str(kind) == "LITERAL"}
        yield next(sign for sign in "a1 x" if ord(sign) not in outside)
        return
    for kind, given in members[:8]:
        if str(kind) == "LITERAL":
            yield chr(given)
        elif str(kind) == "RANGE":
            yield chr(given[0])
        elif sample := CATEGORIES.get(str(given)):
            yield sample

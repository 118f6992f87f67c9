"""Read which calls a chat wants to be told of: `of 202 203`, `queue Sales`, `number 74951110001`. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.messages.message import mark
from handlers.dispatch.request import WrongArguments
from handlers.parsing.times.model import fold

HERE = frozenset(map(fold, ("here", "сюда", "здесь")))
ME = frozenset(map(fold, ("me", "мне")))
ALL = frozenset(map(fold, ("all", "все", "всех")))
OF = frozenset(map(fold, ("of", "extension", "extensions", "для", "у", "номеров")))
QUEUE = frozenset(map(fold, ("queue", "очередь", "очереди")))
NUMBER = frozenset(map(fold, ("number", "numbers", "номер", "номера", "на")))
PHONE = re.compile(r"[0-9]{2,16}")
MIN_DID = 5
MAX_NAMED = 40
UNCLEAR = mark("Write /notify missed here, or me, with “of 202 203”, “queue” and its name, or “number” and the number.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. `queue`: name or number of a queue, "" for none."""

    me: bool
    phones: tuple[str, ...]
    numbers: tuple[str, ...]
    queue: str


def read(words: Sequence[str]) -> Asked:
    """Parse `here of 202 203`. Raises WrongArguments."""
    where = fold(words[0]) if words else ""
    if where not in HERE | ME:
        raise WrongArguments(UNCLEAR)
    phones, numbers, rest = list[str](), list[str](), list(words[1:])
    while rest:
        kind = fold(rest.pop(0))
        if kind in ALL and not rest:
            break
        if kind in QUEUE and rest:
            return Asked(where in ME, tuple(phones), tuple(numbers), " ".join(rest))
        named = _leading_numbers(rest)
        del rest[: len(named)]
        if kind in OF and named:
            phones += named
        elif kind in NUMBER and named and all(len(number) >= MIN_DID for number in named):
            numbers += named
        else:
            raise WrongArguments(UNCLEAR)
    if len(phones) + len(numbers) > MAX_NAMED:
        raise WrongArguments(mark("That is too much: 40 numbers can be named. Write all instead."))
    return Asked(where in ME, tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(numbers)), "")


def _leading_numbers(words: Sequence[str]) -> list[str]:
    found = list[str]()
    for word in words:
        digits = re.sub(r"[+(),;-]", "", word)
        if not PHONE.fullmatch(digits):
            break
        found.append(digits)
    return found

"""Read which calls a chat wants to be told of: `calls here of 202 203`, `voicemail me`, `missed off`. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.store.tables.calls import CallKind
from handlers.parsing.arguments import OFF
from handlers.parsing.nearest import nearest
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import AND

KINDS: Mapping[str, CallKind] = {
    **dict.fromkeys(map(fold, ("missed", "пропущенные", "пропущенных")), CallKind.MISSED),
    **dict.fromkeys(map(fold, ("calls", "call", "звонки", "звонков", "вызовы", "вызовов")), CallKind.CALLS),
    **dict.fromkeys(
        map(fold, ("voicemail", "voice mail", "голосовая почта", "голосовую почту", "голосовой почты", "автоответчик")),
        CallKind.VOICEMAIL,
    ),
}
HERE = frozenset(map(fold, ("here", "сюда", "здесь")))
ME = frozenset(map(fold, ("me", "мне")))
ALL = frozenset(map(fold, ("all", "все", "всех")))
OF = frozenset(map(fold, ("of", "extension", "extensions", "для", "у", "номеров")))
QUEUE = frozenset(map(fold, ("queue", "очередь", "очереди")))
NUMBER = frozenset(map(fold, ("number", "numbers", "номер", "номера", "на")))
FILTERS = {"of": OF, "queue": QUEUE, "number": NUMBER}
PHONE = re.compile(r"[0-9]{2,16}")
SEPARATORS = re.compile("[,;]")
PUNCTUATION = re.compile("[+()-]")
# From one extension to another; each is to be named.
RANGE = re.compile("[0-9]{2,5}-[0-9]{2,5}")
MIN_DID = 5
# What is shorter is continued by the next word, as in `+7 495 111-00-01`.
WHOLE_NUMBER = 10
MAX_NAMED = 40
# How a right form is written, in the language of what was typed.
ENGLISH = {"missed": "missed", "calls": "calls", "voicemail": "voicemail", "here": "here", "me": "me"} | {
    "of": "of",
    "queue": "queue",
    "number": "number",
    "off": "off",
}
RUSSIAN = {"missed": "пропущенные", "calls": "звонки", "voicemail": "голосовая почта", "here": "сюда", "me": "мне"} | {
    "of": "для",
    "queue": "очередь",
    "number": "номер",
    "off": "выкл",
}


class NotUnderstood(Exception):
    """`written` was not understood, "" if a word is missing; `forms` are the nearest right arguments."""

    def __init__(self, written: str, forms: Sequence[str]) -> None:
        self.written = written
        self.forms = tuple(dict.fromkeys(forms))
        super().__init__(written)


class TooManyNumbers(Exception):
    """More numbers are named than are looked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. `queue`: name or number of a queue, "" for none."""

    kind: CallKind
    me: bool
    phones: tuple[str, ...]
    numbers: tuple[str, ...]
    queue: str


@dataclass(frozen=True, slots=True)
class Off:
    """What is to end: one kind, None for all."""

    kind: CallKind | None


def read(words: Sequence[str]) -> Asked | Off:
    """Parse the words behind the command, at least one. Raises NotUnderstood, TooManyNumbers."""
    said = RUSSIAN if re.search("[а-яё]", " ".join(words), re.IGNORECASE) else ENGLISH
    if fold(words[0]) in OFF:
        return _read_off(words[1:], said)
    kind, length = _kind(words)
    if kind is None:
        raise NotUnderstood(words[0], _with_kind(words, said))
    begin, rest = [said[kind]], words[length:]
    if len(rest) == 1 and fold(rest[0]) in OFF:
        return Off(kind)
    where = fold(rest[0]) if rest else ""
    if where not in HERE | ME:
        near = nearest(where, HERE | ME | OFF) or [said["here"], said["me"]]
        raise NotUnderstood(rest[0] if rest else "", [" ".join([*begin, one, *rest[1:]]) for one in near])
    return _read_filter(kind, where in ME, rest[1:], [*begin, said["me" if where in ME else "here"]], said)


def _read_off(words: Sequence[str], said: Mapping[str, str]) -> Off:
    kind, length = _kind(words)
    if len(words) == length:
        return Off(kind)
    if len(words) == 1 and fold(words[0]) in ALL:
        return Off(None)
    raise NotUnderstood(words[0], [said["off"], *(f"{said[one]} {said['off']}" for one in CallKind)])


def _read_filter(kind: CallKind, me: bool, words: Sequence[str], begin: list[str], said: Mapping[str, str]) -> Asked:
    phones, numbers, rest = list[str](), list[str](), list(words)
    while rest:
        word = rest.pop(0)
        folded = fold(word)
        if folded in ALL and not rest:
            break
        if folded in NUMBER and rest and fold(rest[0]) in NUMBER | QUEUE:
            # `на номер 74951110001`.
            continue
        if folded in QUEUE and rest:
            return Asked(kind, me, tuple(phones), tuple(numbers), " ".join(rest))
        named, length = _leading_dids(rest) if folded in NUMBER else _leading_phones(rest)
        if folded in OF and named:
            phones += named
        elif folded in NUMBER and named:
            numbers += named
        elif folded in OFF and not rest:
            raise NotUnderstood(word, [f"{said[kind]} {said['off']}"])
        else:
            raise NotUnderstood(word, [" ".join([*begin, *form]) for form in _filters(word, rest, said)])
        del rest[:length]
    if len(phones) + len(numbers) > MAX_NAMED:
        raise TooManyNumbers
    return Asked(kind, me, tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(numbers)), "")


def _kind(words: Sequence[str]) -> tuple[CallKind | None, int]:
    """Return the kind that the words begin with, and its length in words."""
    for length in (2, 1):
        if len(words) >= length and (kind := KINDS.get(fold(" ".join(words[:length])))):
            return kind, length
    return None, 0


def _with_kind(words: Sequence[str], said: Mapping[str, str]) -> list[str]:
    """Return the forms with another first word, or with the missing kind in front."""
    if fold(words[0]) in HERE | ME:
        return [" ".join([said[kind], *words]) for kind in CallKind]
    for length in (2, 1):
        if near := nearest(" ".join(words[:length]), KINDS.keys() | OFF):
            meant = [said["off"] if one in OFF else said[KINDS[one]] for one in near]
            return [" ".join([one, *words[length:]]) for one in meant]
    return [f"{said[kind]} {said['here']}" for kind in CallKind]


def _filters(word: str, rest: Sequence[str], said: Mapping[str, str]) -> list[list[str]]:
    """Return what may be meant where a word is not understood, `rest` behind it."""
    if dids := _leading_dids([word, *rest])[0]:
        return [[said["number"], *dids]]
    if phones := _leading_phones([word, *rest])[0]:
        return [[said["of"], *phones]]
    is_known = fold(word) in OF | NUMBER | ALL | QUEUE
    if not is_known and (near := nearest(word, OF | QUEUE | NUMBER)):
        return [[said[next(name for name, meant in FILTERS.items() if one in meant)], *rest] for one in near]
    name = rest if is_known else [word, *rest]
    if phones := _leading_phones(name)[0]:
        return [[said["of"], *phones]]
    return [[said["queue"], *name]] if name else [[]]


def _leading_phones(words: Sequence[str]) -> tuple[list[str], int]:
    """Return the extensions that the words begin with, and how many words these are."""
    found, length = list[str](), 0
    for place, word in enumerate(words, 1):
        if found and fold(word) in AND:
            continue
        parts = [part for part in SEPARATORS.split(word) if part]
        digits = [PUNCTUATION.sub("", part) for part in parts if not RANGE.fullmatch(part)]
        if len(digits) < len(parts) or not all(map(PHONE.fullmatch, digits)):
            break
        found, length = found + digits, place
    return found, length


def _leading_dids(words: Sequence[str]) -> tuple[list[str], int]:
    """Return the numbers of the PBX that the words begin with, and how many words these are. A number may be several
    words."""
    found, length, begun = list[str](), 0, ""
    for place, word in enumerate(words, 1):
        if found and not begun and fold(word) in AND:
            continue
        *ended, last = [PUNCTUATION.sub("", part) for part in SEPARATORS.split(word)]
        numbers = [begun + part if begun and not at else part for at, part in enumerate((*ended, last))]
        begun = numbers.pop() if len(numbers[-1]) < (WHOLE_NUMBER if begun else MIN_DID) else ""
        if not all(number.isdecimal() and number.isascii() for number in (*filter(None, numbers), begun or "0")):
            break
        if not all(len(number) >= MIN_DID and PHONE.fullmatch(number) for number in numbers if number):
            break
        found += filter(None, numbers)
        length = length if begun else place
    return found, length

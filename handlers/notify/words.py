"""Read which calls a chat wants to be told of: `calls here of 202 203`, `voicemail me`, `missed off`. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.store.tables.calls import CallKind
from handlers.notify.vocabulary import (
    ALL,
    BEFORE_CHAT,
    BEFORE_FILTER,
    BEFORE_KIND,
    ENGLISH,
    HERE,
    KINDS,
    MAX_PHRASE,
    ME,
    NUMBER,
    OF,
    QUEUE,
    RUSSIAN,
    SKIPPED,
)
from handlers.parsing.arguments import OFF
from handlers.parsing.nearest import nearest
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import AND

FILTERS = {"of": OF, "queue": QUEUE, "number": NUMBER}
PHONE = re.compile(r"[0-9]{2,16}")
SEPARATORS = re.compile("[,;/&]")
PUNCTUATION = re.compile("[+()-]")
# From one extension to another; each is to be named.
RANGE = re.compile("[0-9]{2,5}-[0-9]{2,5}")
MIN_DID = 5
# What is shorter is continued by the next word, as in `+7 495 111-00-01`.
WHOLE_NUMBER = 10
MAX_NAMED = 40


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


class QueueNotNamed(Exception):
    """A queue is asked for without its name; `asked` is the rest."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        super().__init__()


@dataclass(frozen=True, slots=True)
class Off:
    """What is to end: one kind, None for all."""

    kind: CallKind | None


def read(words: Sequence[str]) -> Asked | Off:
    """Parse the words behind the command, at least one. Raises NotUnderstood, QueueNotNamed, TooManyNumbers."""
    try:
        return _read(words)
    except NotUnderstood as wrong:
        said = _language(words)
        forms = [right for form in wrong.forms for right in _corrected(form)]
        raise NotUnderstood(wrong.written, forms or [f"{said[kind]} {said['here']}" for kind in CallKind]) from None


def form_of(asked: Asked, words: Sequence[str]) -> str:
    """Return how it is asked for, in the language of the words."""
    said = _language(words)
    named = {"of": asked.phones, "number": asked.numbers, "queue": (asked.queue,) if asked.queue else ()}
    of = [word for name, values in named.items() if values for word in (said[name], *values)]
    return " ".join([said[asked.kind], said["me" if asked.me else "here"], *of])


def _corrected(form: str, *, once_more: bool = True) -> list[str]:
    """Return the form if it is right, or else those that it may be meant as."""
    try:
        _read(form.split())
    except NotUnderstood as wrong:
        return [right for near in wrong.forms for right in _corrected(near, once_more=False)] if once_more else []
    except TooManyNumbers:
        return []
    except QueueNotNamed:
        pass  # It is answered with the queues.
    return [form]


def _language(words: Sequence[str]) -> Mapping[str, str]:
    """Return the words of the language of the first one: names of queues may be in another."""
    return RUSSIAN if re.search("[а-яё]", words[0], re.IGNORECASE) else ENGLISH


def _read(words: Sequence[str]) -> Asked | Off:
    said = _language(words)
    if fold(words[0]) in OFF:
        return _read_off(words[1:], said)
    if fold(words[0]) in ALL and [fold(word) in OFF for word in words[1:]] == [True]:
        return Off(None)
    me, first = _chat(words)
    kind, length = _kind(words[first:])
    if kind is None:
        raise NotUnderstood(words[0], _with_kind(words, said))
    begin, rest = [said[kind]], list(words[first + length :])
    if len(rest) == 1 and fold(rest[0]) in OFF:
        return Off(kind)
    if me is None:
        me, rest = _take_chat(rest)
    if me is None:
        near = nearest(rest[0], HERE | ME | OFF) if rest else []
        is_left_out = bool(rest) and (fold(rest[0]) in BEFORE_FILTER | QUEUE or not rest[0].isalpha())
        forms = [[one, *rest[0 if is_left_out else 1 :]] for one in near or [said["here"], said["me"]]]
        raise NotUnderstood(rest[0] if rest else "", [" ".join([*begin, *form]) for form in forms])
    return _read_filter(kind, me, rest, [*begin, said["me" if me else "here"]], said)


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
        if folded in BEFORE_FILTER and rest and fold(rest[0]) in BEFORE_FILTER | QUEUE | ALL:
            # `на номер 74951110001`, `for the queue Sales`.
            continue
        if folded in QUEUE:
            asked = Asked(kind, me, tuple(phones), tuple(numbers), " ".join(rest))
            if not rest:
                raise QueueNotNamed(asked)
            return asked
        named, length = _leading_dids(rest) if folded in NUMBER else _leading_phones(rest)
        if folded in OF and named:
            phones += named
        elif folded in NUMBER and named:
            numbers += named
        elif folded in OFF and not rest:
            raise NotUnderstood(word, [f"{said[kind]} {said['off']}"])
        else:
            before = [*([said["of"], *phones] if phones else ()), *([said["number"], *numbers] if numbers else ())]
            raise NotUnderstood(word, [" ".join([*begin, *before, *form]) for form in _filters(word, rest, said)])
        del rest[:length]
    if len(phones) + len(numbers) > MAX_NAMED:
        raise TooManyNumbers
    return Asked(kind, me, tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(numbers)), "")


def _from_to(word: str) -> list[str]:
    """Return the extensions of `202-205`; another word as it is."""
    if not RANGE.fullmatch(word):
        return [word]
    first, last = map(int, word.split("-"))
    return [str(number) for number in range(first, min(last, first + MAX_NAMED) + 1)] or [word]


def _kind(words: Sequence[str]) -> tuple[CallKind | None, int]:
    """Return the kind that the words begin with, and its length in words."""
    for begin, end in _beginnings(words, BEFORE_KIND):
        if kind := KINDS.get(fold(" ".join(words[begin:end]))):
            return kind, end
    return None, 0


def _chat(words: Sequence[str]) -> tuple[bool | None, int]:
    """Return whether the chat that the words begin with is the private one, and its length in words; None for none."""
    for begin, end in _beginnings(words, BEFORE_CHAT):
        phrase = fold(" ".join(words[begin:end]))
        if phrase in HERE | ME:
            return phrase in ME, end
    return None, 0


def _take_chat(words: list[str]) -> tuple[bool | None, list[str]]:
    """Return the chat that the words begin or end with, as `_chat` does, and the other words."""
    me, length = _chat(words)
    if me is not None:
        return me, words[length:]
    for length in range(MAX_PHRASE + 1, 0, -1):
        me, taken = _chat(words[-length:])
        if me is not None and taken == len(words[-length:]):
            return me, words[:-taken]
    return None, words


def _beginnings(words: Sequence[str], silent: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield where phrases behind silent words begin and end, the longest first."""
    for begin in range(min(len(words), MAX_PHRASE)):
        for end in range(min(begin + MAX_PHRASE, len(words)), begin, -1):
            yield begin, end
        if fold(words[begin]) not in silent:
            return


def _with_kind(words: Sequence[str], said: Mapping[str, str]) -> list[str]:
    """Return the forms with another first word, or with the missing kind in front."""
    if _chat(words)[0] is not None or fold(words[0]) in BEFORE_FILTER | QUEUE:
        return [" ".join([said[kind], *words]) for kind in CallKind]
    for length in (2, 1):
        if near := nearest(" ".join(words[:length]), KINDS.keys() | OFF):
            meant = [said["off"] if one in OFF else said[KINDS[one]] for one in near]
            return [" ".join([one, *words[length:]]) for one in meant]
    return [f"{said[kind]} {said['here']}" for kind in CallKind]


def _filters(word: str, rest: Sequence[str], said: Mapping[str, str]) -> list[list[str]]:
    """Return what may be meant where a word is not understood, `rest` behind it."""
    named = [word, *rest]
    while named and fold(named[0]) in SKIPPED:
        named = named[1:]
    spans = [number for one in named[:MAX_NAMED] for number in _from_to(one)]
    if spans != named[:MAX_NAMED] and (phones := _leading_phones(spans)[0]):
        return [[said["of"], *phones]]
    if dids := _leading_dids(named)[0]:
        return [[said["number"], *dids]]
    if phones := _leading_phones(named)[0]:
        return [[said["of"], *phones]]
    is_known = fold(word) in OF | NUMBER | ALL | QUEUE
    if not is_known and (near := nearest(word, OF | QUEUE | NUMBER)):
        return [[said[next(name for name, meant in FILTERS.items() if one in meant)], *rest] for one in near]
    name = rest if is_known else [word, *rest]
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

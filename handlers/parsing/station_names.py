"""Find the PBX that the first or last words of a text name: in another spelling, in part, or with a typing error.
Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from bot.text.person_names import folded
from handlers.parsing import role_words, windows
from handlers.parsing.nearest import CUTOFF, MIN_LENGTH, other_layout
from handlers.parsing.silences import ALL
from handlers.parsing.times import words as times
from handlers.parsing.times.numerals import NUMBERS, ORDINALS

# Shorter parts are in too many names.
MIN_PART, MIN_MIDDLE = 3, 4
MAX_WORDS = 4
# Longer words are none of a name's.
MAX_LENGTH = 100
# Words of commands, which mean themselves.
KEYWORDS = (
    times.KNOWN
    | NUMBERS.keys()
    | ORDINALS.keys()
    | role_words.RUSSIAN.keys()
    | role_words.WORDS.keys()
    | ALL
    | windows.GROUPS.keys()
    | windows.DAILY
    | windows.WEEKLY
    | {"missed", "answered", "busy", "failed", "denied", "allowed", "recovery", "level"}
    | {"alerts", "here", "full", "csv", "password", "passwords", "with", "off", "выкл"}
)
NO_NAME = re.compile(r"[@/=\"“”«»„]")
PARTS = re.compile(r"[^\W_]+")
DIGITS = re.compile(r"\d+")


class OwnWords(StrEnum):
    """Place, in the arguments of a command, of words that are the person's own; there only the whole name of a station
    counts."""

    NOWHERE = "nowhere: all are known, or are refused"
    AT_THE_END = "at the end: a reason"
    ANYWHERE = "anywhere: the name of something new"


@dataclass(frozen=True, slots=True)
class NamedStations:
    """Stations that `written`, a part of a text, can name; `remaining` is the text without it."""

    stations: tuple[str, ...]
    written: str
    remaining: str


@dataclass(frozen=True, slots=True)
class _Forms:
    """Ways to write a station: in one word, and as words of its name and title."""

    keys: frozenset[str]
    phrases: frozenset[tuple[str, ...]]


def stations_named(
    text: str, titles: Mapping[str, str], means_other: Callable[[str], bool], own_words: OwnWords = OwnWords.NOWHERE
) -> NamedStations | None:
    """Return the stations, of those in `titles` by name, that the end or the beginning of the text names; None if it
    names none. Words of which `means_other` returns True name something else, unless they are a whole name."""
    forms = {name: _forms(name, title) for name, title in titles.items()}
    pieces = [piece for piece in _pieces(text) if _may_name(piece.written)]
    for piece in pieces:
        keys = _keys(piece.written)
        if found := [name for name, one in forms.items() if not one.keys.isdisjoint(keys)]:
            return NamedStations(tuple(found), piece.written, piece.remaining)
    if own_words is OwnWords.ANYWHERE:
        return None

    def has_meaning(written: str) -> bool:
        return not KEYWORDS.isdisjoint(_words(written)) or means_other(written)

    knows_end = own_words is OwnWords.NOWHERE and "=" not in text
    guessed = [piece for piece in pieces if (knows_end or not piece.ends) and not has_meaning(piece.written)]
    for piece, is_like in product(guessed, (_is_part, _is_misspelled)):
        if found := [name for name, one in forms.items() if is_like(piece.written, one)]:
            return NamedStations(tuple(found), piece.written, piece.remaining)
    return None


class _Piece(NamedTuple):
    """Words of a text; `ends`: other words stand before them."""

    written: str
    remaining: str
    ends: bool


def _pieces(text: str) -> Iterator[_Piece]:
    """Yield the words at the end and at the beginning, most words first."""
    words = [(word.start(), word.end()) for word in re.finditer(r"\S+", text)]
    for count in range(min(len(words), MAX_WORDS), 0, -1):
        start, end = words[-count][0], words[count - 1][1]
        if count < len(words):
            yield _Piece(text[start:].rstrip(), text[:start].strip(), True)
        yield _Piece(text[:end].lstrip(), text[end:].strip(), False)


def _may_name(written: str) -> bool:
    """Return False for words with the signs of other arguments, without letters, or all of commands."""
    if len(written) > MAX_LENGTH or NO_NAME.search(written) or not any(map(str.isalpha, written)):
        return False
    return not KEYWORDS.issuperset(_words(written))


@lru_cache(maxsize=4096)
def _forms(name: str, title: str) -> _Forms:
    phrases = {_words(text) for text in (name, title)}
    return _Forms(frozenset("".join(phrase) for phrase in phrases), frozenset(phrases))


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(PARTS.findall(folded(text)))


def _keys(written: str) -> Collection[str]:
    return {"".join(_words(text)) for text in _spellings(written)}


def _spellings(written: str) -> tuple[str, str]:
    """Return the text, and what the same keys write in the other layout."""
    return written, other_layout(written)


def _is_part(written: str, forms: _Forms) -> bool:
    """Return True if every word is a part of one of the name's; words of digits and short ones must be whole."""
    for text in _spellings(written):
        words = _words(text)
        if any(len(word) >= MIN_PART for word in words) and any(
            all(_is_part_of(word, phrase) for word in words) for phrase in forms.phrases
        ):
            return True
    return False


def _is_part_of(word: str, phrase: Iterable[str]) -> bool:
    if word.isdecimal() or len(word) < MIN_PART:
        return word in phrase
    return any(other.startswith(word) or (len(word) >= MIN_MIDDLE and word in other) for other in phrase)


def _is_misspelled(written: str, forms: _Forms) -> bool:
    """Return True if the words are near to as many of a name, or one to the whole name or one word of it."""
    for text in _spellings(written):
        words = _words(text)
        rivals = {phrase for phrase in forms.phrases if len(phrase) == len(words)}
        if len(words) == 1:
            rivals |= {(word,) for word in forms.keys.union(*forms.phrases)}
        if any(all(map(_is_near, words, phrase)) for phrase in rivals):
            return True
    return False


def _is_near(word: str, known: str) -> bool:
    """Return True for a typing error in letters; branch8 is not branch7."""
    number = DIGITS.findall(word)
    if word == known:
        return True
    if number and number != DIGITS.findall(known):
        return False
    letters, others = DIGITS.sub("", word), DIGITS.sub("", known)
    if letters == others:
        return bool(letters)
    if len(letters) < MIN_LENGTH:
        return False
    # The upper bound of the ratio spares most comparisons, which are slow.
    if 2 * min(len(letters), len(others)) < CUTOFF * (len(letters) + len(others)):
        return False
    matcher = SequenceMatcher(None, letters, others)
    return matcher.quick_ratio() >= CUTOFF and matcher.ratio() >= CUTOFF

"""Find the times among words, wherever they stand, and what introduces each. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile

from handlers.parsing.times.atoms import MAX_WORDS, Atoms
from handlers.parsing.times.clocks import hour_of
from handlers.parsing.times.model import Atom, Day, Found, Hours, NotATime, fold
from handlers.parsing.times.words import AND, ARTICLES, AT, BETWEEN, FILLERS, FROM, SINCE, UP_TO

MOMENT = re.compile(r"(.{6,10})[Tt](\d{1,2}:\d{2}(?::\d{2})?)")
# `1 -15` and `1- 15`.
DASH_AT_AN_EDGE = re.compile(r"([-–—])?(\d{1,2}(?:[.:]\d{2,4}){0,2})([-–—])?")
DASH = re.compile(r"[-–—…]|\.\.+")
NUMBER_GROUP = re.compile(r"[+(]{0,2}\d[\d().-]{0,20}")
INTRODUCING = FROM | UP_TO | FILLERS
DASHES = frozenset("-–—")
# After these a number up to 24 is an hour.
BEFORE_HOUR = SINCE | AT | {"до", "until", "till", "before"}
MAX_SPAN = 40
# Digits of a telephone number: of a town's, and with its code.
NUMBER_LENGTHS = (7, 10, 11)
# Longest chain of words before a time that say nothing more: `in the last 3 hours`.
MAX_FILLERS = 3


class Role(Enum):
    PLAIN = auto()
    SINCE = auto()
    UP_TO = auto()


@dataclass(frozen=True, slots=True)
class Time:
    """Time with its role. `words` are those that it was read from, `introduction` those in front of them.
    `is_listed`: a comma or `and` is between it and the time before."""

    atom: Atom
    role: Role
    words: tuple[str, ...]
    introduction: tuple[str, ...] = ()
    is_listed: bool = False

    @property
    def written(self) -> str:
        return " ".join((*self.introduction, *self.words))

    def is_introduced_by(self, words: frozenset[str]) -> bool:
        return any(fold(word) in words for word in self.introduction)


@dataclass(frozen=True, slots=True)
class Scan:
    """Times and the words that belong to none, in order."""

    pieces: tuple[Time | str, ...]

    @property
    def times(self) -> tuple[Time, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Time))

    @property
    def remaining(self) -> tuple[str, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, str))

    def without(self, time: Time) -> "Scan":
        """Return it with the words of one time as words that belong to none."""
        at = self.pieces.index(time)
        return Scan((*self.pieces[:at], *time.introduction, *time.words, *self.pieces[at + 1 :]))


def scan(words: Sequence[str], atoms: Atoms) -> Scan:
    """Find all times. Raises NotATime for one that does not exist."""
    return _Scanner(_split(words, atoms), atoms).scan()


class _Scanner:
    """One pass over the words."""

    def __init__(self, words: Sequence[str], atoms: Atoms) -> None:
        self._words = words
        self._folded = [fold(word) for word in words]
        self._atoms = atoms
        self._pieces: list[Time | str] = []
        self._remaining: list[str] = []
        self._last_time: Time | None = None

    def scan(self) -> Scan:
        at = 0
        while at < len(self._words):
            # `from 9 to 12` is one time, with its first word.
            found = max(
                (
                    (at + count + one[1], -count, one[0])
                    for count in range(_introduction(self._folded, at, joins=self._last_time is not None) + 1)
                    if (one := self._time_at(at + count))
                ),
                key=lambda one: one[:2],
                default=None,
            )
            if found is None:
                self._pieces.append(self._words[at])
                self._remaining.append(self._words[at])
                at += 1
                continue
            end, before, atom = found
            self._last_time = self._time(at, at - before, end, atom)
            self._pieces.append(self._last_time)
            at = end
        return Scan(tuple(self._pieces))

    def _time(self, at: int, begins: int, end: int, atom: Atom) -> Time:
        introduction = self._folded[at:begins]
        is_between = self._last_time is not None and self._last_time.is_introduced_by(BETWEEN)
        role = _role(introduction, closes=is_between)
        has_comma = at > 0 and self._words[at - 1].endswith((",", ";"))
        is_listed = role is Role.PLAIN and (has_comma or any(word in AND for word in introduction))
        return Time(atom, role, tuple(self._words[begins:end]), tuple(self._words[at:begins]), is_listed)

    def _time_at(self, at: int) -> Found[Atom] | None:
        before_at = at - 1
        while before_at >= 0 and self._folded[before_at] in ARTICLES:
            before_at -= 1
        before = self._folded[before_at] if before_at >= 0 else ""
        found = self._atoms.at(self._folded[at : at + MAX_WORDS], before)
        if found is None and at < len(self._folded):
            hour = hour_of(self._folded[at]) if self._is_hour_after(before) else None
            return (hour, 1) if hour is not None else None
        # 495 12-15 and 916 111 11 11 are telephone numbers.
        if found and isinstance(found[0], Hours) and self._remaining and fold(self._remaining[-1]) == before:
            return None if _makes_a_number(self._remaining, self._folded[at]) else found
        return found

    def _is_hour_after(self, before: str) -> bool:
        if before in BEFORE_HOUR or (self._last_time is not None and before in ("с", "со")):
            return True
        # `until monday 9`
        last = self._pieces[-1] if self._pieces else None
        return self._atoms.is_ahead and isinstance(last, Time) and isinstance(last.atom, Day)


def _makes_a_number(remaining: Sequence[str], word: str) -> bool:
    """Return True if the word ends a telephone number that the words in front of it begin."""
    groups = list(takewhile(NUMBER_GROUP.fullmatch, reversed(remaining)))
    return sum(char.isdecimal() for group in (word, *groups) for char in group) in NUMBER_LENGTHS if groups else False


def _introduction(folded: Sequence[str], at: int, *, joins: bool) -> int:
    """Return the number of words that may introduce a time; `joins`: it is not the first."""
    count = 0
    while count < MAX_FILLERS and at + count < len(folded):
        word = folded[at + count]
        if (word not in INTRODUCING or (word in DASHES and not joins)) and not (joins and word in AND):
            break
        count += 1
    return count


def _role(introduction: Sequence[str], *, closes: bool) -> Role:
    """`closes`: the time before was introduced by `between`."""
    roles = [Role.SINCE if word in FROM else Role.UP_TO for word in introduction if word in FROM | UP_TO]
    if not roles and closes and any(word in AND for word in introduction):
        return Role.UP_TO
    return roles[-1] if roles else Role.PLAIN


def _split(words: Sequence[str], atoms: Atoms) -> list[str]:
    """Split `01.11-05.11`, `9:00-12:00`, `mon-fri` and `2026-11-01T18:00` into the times that they consist of."""
    parts: list[str] = []
    for word in _with_dashes_apart(words):
        if (moment := MOMENT.fullmatch(word)) and _is_day(moment[1], atoms):
            parts += [moment[1], moment[2]]
            continue
        # Longer words are no two times.
        dashes = DASH.finditer(word) if len(word) <= MAX_SPAN else ()
        parts += next(
            (
                [word[: dash.start()], "-", word[dash.end() :]]
                for dash in dashes
                if _is_time(word[: dash.start()], atoms) and _is_time(word[dash.end() :], atoms)
            ),
            [word],
        )
    return parts


def _with_dashes_apart(words: Sequence[str]) -> Iterator[str]:
    for at, word in enumerate(words):
        found = DASH_AT_AN_EDGE.fullmatch(word)
        before, after = words[at - 1][-1:] if at else "", words[at + 1][:1] if at + 1 < len(words) else ""
        if found and ((found[1] and before.isdecimal()) or (found[3] and after.isdecimal())):
            yield from filter(None, found.groups())
        else:
            yield word


def _is_day(word: str, atoms: Atoms) -> bool:
    found = atoms.at([fold(word)])
    return found is not None and isinstance(found[0], Day)


def _is_time(word: str, atoms: Atoms) -> bool:
    try:
        return atoms.at([fold(word)]) is not None
    except NotATime:
        return True

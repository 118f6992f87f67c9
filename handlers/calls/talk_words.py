"""Parse a length of talk in a call filter: `longer than 2 minutes`, `> 2m`, `короче 10 секунд`. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.parsing.periods import NotAPeriod
from handlers.parsing.times.lengths import length_at
from handlers.parsing.times.model import MINUTES_IN, fold

LONGER = frozenset({"longer", "over", "more", ">", "дольше", "длиннее", "больше", "более", "свыше"})
SHORTER = frozenset({"shorter", "under", "less", "<", "короче", "меньше", "менее"})
# `longer then` is a frequent error.
THAN = frozenset({"than", "then", "чем"})
NEGATIONS = frozenset({"no", "not", "не"})
SECONDS = frozenset({"s", "sec", "secs", "second", "seconds", "с", "сек", "секунд", "секунды", "секунду", "секунда"})
IN_SECONDS = re.compile(r"(\d{1,6})([a-zа-я]{0,8})")
SIGN = re.compile(r"([<>])=?(.{0,20})")
MINUTE = 60


@dataclass(frozen=True, slots=True)
class TalkLength:
    """Bounds in seconds, both exclusive; 0 is none."""

    longer_than: int = 0
    shorter_than: int = 0


def take_talk_length(words: Sequence[str]) -> tuple[TalkLength, list[str]]:
    """Extract the bounds from anywhere in the words; return them and the remaining words. Raises NotAPeriod for
    `not longer than`."""
    pending = [part for word in words for part in _parted(word)]
    folded = [fold(word) for word in pending]
    talk, remaining, at = TalkLength(), list[str](), 0
    while at < len(pending):
        begins = at + 1 + any(word in THAN for word in folded[at + 1 : at + 2])
        seconds, count = _seconds_at(folded[begins : begins + 4]) if folded[at] in LONGER | SHORTER else (0, 0)
        if not seconds:
            # `over the last 90 days` is a period.
            remaining.append(pending[at])
            at += 1
            continue
        if remaining and fold(remaining[-1]) in NEGATIONS:
            # Not longer than 10 s.
            raise NotAPeriod(" ".join([remaining[-1], *pending[at : begins + 1]]))
        talk = replace(talk, longer_than=seconds) if folded[at] in LONGER else replace(talk, shorter_than=seconds)
        at = begins + count
    return talk, remaining


def _parted(word: str) -> list[str]:
    """`>2m` is a sign and a length."""
    sign = SIGN.fullmatch(word)
    return [part for part in (sign[1], sign[2]) if part] if sign else [word]


def _seconds_at(words: Sequence[str]) -> tuple[int, int]:
    """Return the seconds and their number of words; zeros for words that are no length of a call."""
    in_seconds = IN_SECONDS.fullmatch(words[0]) if words else None
    if in_seconds and in_seconds[2] in SECONDS:
        return int(in_seconds[1]), 1
    if in_seconds and not in_seconds[2] and len(words) > 1 and words[1] in SECONDS:
        return int(in_seconds[1]), 2
    found = length_at(words, "for")
    if found is None or any(unit not in MINUTES_IN for _, unit in found[0].amounts):
        return 0, 0
    return int(found[0].elapsed.total_seconds()), found[1]

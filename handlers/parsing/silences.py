"""Parse the target of a silence and its end: `Zadarma for 1h`, `all until morning`; in Russian too. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

from bot.incidents.silence import EVERYTHING
from bot.oncall.local_time import moment
from bot.text.person_names import folded
from handlers.parsing.deadlines import LEADING, STRICT, MissingTime, length_in, take_deadline
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import AND, DAY_PARTS, KNOWN, UNITS

ALL = frozenset({"all", "everything", "*", "все", "всё"})
# Behind a name they change what it means.
EXCEPT = frozenset({"except", "but", "without", "excluding", "кроме", "без", "исключая", "&", "+"}) | AND
# In front of a reason they are a time that is not understood.
TIME_LIKE = UNITS.keys() | DAY_PARTS.keys() | {"by", "overnight", "к", "ко", "пока"}
ENDLESS = frozenset({"forever", "indefinitely", "permanently", "always", "навсегда", "бессрочно"})
RECOVERY = frozenset({"recovery", "recovered", "recovers", "восстановления", "восстановится"})
MAX_WORDS = 5
# Words of a reason tried as the start of a time, at most.
MAX_TRIED = 20
# Longest name that is searched for, in characters.
MAX_NAME_LENGTH = 300
# Also 1h30 and 1:30h.
BARE_NUMBER = re.compile(r"[\d.,:]+(?:[hmчм]\d*)?")


@dataclass(frozen=True, slots=True)
class SilenceSubject:
    """Subject of an incident, and its display name."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Until:
    """End of a silence; None means until recovery."""

    moment: datetime | None


def take_subject(
    words: Sequence[str], names: Mapping[str, str], is_other: Callable[[Sequence[str]], bool]
) -> tuple[list[SilenceSubject], list[str]]:
    """Extract the subjects named by the first words; return them and the remaining words, which are all of them if more
    than one name follows: `all except Zadarma`. A partial name matches unless `is_other` accepts the words as something
    else."""
    found, remaining = _named_first(words, names, is_other)
    is_changed = bool(remaining) and (fold(remaining[0]) in EXCEPT or bool(_named_in_full(remaining, names)[0]))
    return ([], list(words)) if found and is_changed else (found, remaining)


def take_named(words: Sequence[str], names: Mapping[str, str]) -> tuple[list[SilenceSubject], list[str]]:
    """Extract the subjects named in full by the first words: behind a time, others are a reason."""
    if words and words[0].casefold() in ALL:
        return [SilenceSubject(EVERYTHING)], list(words[1:])
    return _named_in_full(words, names)


def _named_first(
    words: Sequence[str], names: Mapping[str, str], is_other: Callable[[Sequence[str]], bool]
) -> tuple[list[SilenceSubject], list[str]]:
    if words and words[0].casefold() in ALL:
        return [SilenceSubject(EVERYTHING)], list(words[1:])

    exact = _named_in_full(words, names)
    if exact[0] or is_other(words):
        return exact
    # A letter, or `с` and `до`, is in too many.
    return _named(
        words, names, lambda written, _id, name: len(written) > 1 and written not in KNOWN and written in name
    )


def _named_in_full(words: Sequence[str], names: Mapping[str, str]) -> tuple[list[SilenceSubject], list[str]]:
    return _named(words, names, lambda written, id_, name: written in (name, id_))


def _named(
    words: Sequence[str], names: Mapping[str, str], matches: Callable[[str, str, str], bool]
) -> tuple[list[SilenceSubject], list[str]]:
    for count in range(_max_name_words(words), 0, -1):
        written = folded(" ".join(words[:count]))
        if found := [
            SilenceSubject(id_, name) for id_, name in names.items() if matches(written, folded(id_), folded(name))
        ]:
            return found, list(words[count:])
    return [], list(words)


def _max_name_words(words: Sequence[str]) -> int:
    """Return the count of leading words that a name can consist of; limits the search in long input."""
    length = 0
    for count, word in enumerate(words):
        length += len(word) + 1
        if length > MAX_NAME_LENGTH:
            return count
    return len(words)


def take_until(words: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Until | None, list[str]]:
    """Parse the end time in the first words; return it (None if absent) and the remaining words. Raises NotADeadline,
    also for `for` or `until` without a time."""
    for count in range(min(len(words), MAX_WORDS), 0, -1):
        try:
            until = _read_until(words[:count], now, zone)
        except MissingTime:
            continue
        if until is not None:
            return until, list(words[count:])
    if words and words[0].lower() in STRICT:
        raise MissingTime(" ".join(words[:2]))
    return None, list(words)


def find_until(words: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Until | None, list[str]]:
    """Like `take_until`, after an optional reason: `works for 10m`, `works 10m`. Raises NotADeadline for an invalid
    time, which would otherwise become part of the reason."""
    until, remaining = take_until(words, now, zone)
    if until is not None or not words:
        return until, remaining
    positions = [at for at, word in enumerate(words) if word.lower() in STRICT]
    for at in positions[:MAX_TRIED]:
        try:
            until, remaining = take_until(words[at:], now, zone)
        except MissingTime:
            if not words[at + 1 :] or words[at + 1][:1].isdecimal():
                raise
            continue
        return until, [*words[:at], *remaining]
    for count in (2, 1):
        if (length := length_in(words[-count:])) is not None:
            return Until(now + length), list(words[:-count])
    if BARE_NUMBER.fullmatch(words[0]) or fold(words[0]) in TIME_LIKE:
        raise MissingTime(" ".join(words[:2]))
    if endless := next((word for word in words if fold(word) in ENDLESS), None):
        raise MissingTime(endless)
    return None, list(words)


def _read_until(words: Sequence[str], now: datetime, zone: tzinfo) -> Until | None:
    parts = [word.lower() for word in words if word.lower() not in LEADING]
    if words[-1].lower() in LEADING:
        return None
    if len(parts) == 1 and parts[0] in RECOVERY:
        return Until(None)
    local_now = now.astimezone(zone).replace(tzinfo=None)
    # A mute until Monday ends at the start of Monday.
    found, remaining = take_deadline(words, local_now, weekday_ends=time.min)
    if found is None or remaining:
        return None
    # A duration is exact, also over a DST change.
    length = length_in(words)
    return Until(moment_of(found, now, zone) if length is None else now + length)


def moment_of(local: datetime, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment of a local time; of two in a DST change, the future one."""
    first = moment(local, zone)
    return first if first > now else local.replace(tzinfo=zone, fold=1).astimezone(UTC)

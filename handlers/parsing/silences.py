"""Reading what is to be silenced, and until when: `Zadarma for 1h`, `all until morning`; in Russian too. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

from bot.incidents.silence import EVERYTHING
from bot.oncall.local_time import moment
from bot.text.person_names import folded
from handlers.parsing.deadlines import LEADING, STRICT, NotRead, length_in, take_deadline

ALL = frozenset({"all", "everything", "*", "все", "всё"})
RECOVERY = frozenset({"recovery", "recovered", "recovers", "восстановления", "восстановится"})
MOST_WORDS = 5
# So many of the words of a reason are tried as the beginning of a time.
MOST_TRIED = 20
# No name is longer.
LONGEST_NAME = 300
BARE_NUMBER = re.compile(r"[\d.,:]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about, and what people call it."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Until:
    """Without a moment it is until recovery."""

    moment: datetime | None


def take_subject(
    words: Sequence[str], names: Mapping[str, str], is_other: Callable[[Sequence[str]], bool]
) -> tuple[list[Subject], list[str]]:
    """What the first words name, and the other words. A name need not be written in full unless `is_other` says that
    the words begin with something else."""
    if words and words[0].casefold() in ALL:
        return [Subject(EVERYTHING)], list(words[1:])

    def named(matches: Callable[[str, str, str], bool]) -> tuple[list[Subject], list[str]] | None:
        for count in range(_most_in_a_name(words), 0, -1):
            written = folded(" ".join(words[:count]))
            if found := [
                Subject(id_, name) for id_, name in names.items() if matches(written, folded(id_), folded(name))
            ]:
                return found, list(words[count:])
        return None

    whole = named(lambda written, id_, name: written in (name, id_))
    if whole is not None or is_other(words):
        return whole or ([], list(words))
    return named(lambda written, _id, name: bool(written) and written in name) or ([], list(words))


def _most_in_a_name(words: Sequence[str]) -> int:
    """How many of the first words a name can have: it need not be looked for in all that was written."""
    length = 0
    for count, word in enumerate(words):
        length += len(word) + 1
        if length > LONGEST_NAME:
            return count
    return len(words)


def take_until(words: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Until | None, list[str]]:
    """Until when, as the first words say, None when they say nothing of it; and the other words. Raises
    NotADeadline, also when they begin with `for` or `until` and what follows is no time."""
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        try:
            until = _read_until(words[:count], now, zone)
        except NotRead:
            continue
        if until is not None:
            return until, list(words[count:])
    if words and words[0].lower() in STRICT:
        raise NotRead(" ".join(words[:2]))
    return None, list(words)


def find_until(words: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Until | None, list[str]]:
    """The same where a reason may come first: `works for 10m`, `works 10m`. Raises NotADeadline, also for what may be a
    time and is none: otherwise it would silently become a part of the reason."""
    until, rest = take_until(words, now, zone)
    if until is not None or not words:
        return until, rest
    led = [at for at, word in enumerate(words) if word.lower() in STRICT]
    for at in led[:MOST_TRIED]:
        try:
            until, rest = take_until(words[at:], now, zone)
        except NotRead:
            if not words[at + 1 :] or words[at + 1][:1].isdecimal():
                raise
            continue
        return until, [*words[:at], *rest]
    for count in (2, 1):
        if (length := length_in(words[-count:])) is not None:
            return Until(now + length), list(words[:-count])
    if BARE_NUMBER.fullmatch(words[0]):
        raise NotRead(words[0])
    return None, list(words)


def _read_until(words: Sequence[str], now: datetime, zone: tzinfo) -> Until | None:
    said = [word.lower() for word in words if word.lower() not in LEADING]
    if words[-1].lower() in LEADING:
        return None
    if len(said) == 1 and said[0] in RECOVERY:
        return Until(None)
    wall = now.astimezone(zone).replace(tzinfo=None)
    # Who mutes until Monday wants to hear on Monday: it ends as that day begins.
    found, rest = take_deadline(words, wall, weekday_ends=time.min)
    if found is None or rest:
        return None
    # So many hours pass on every night, whatever the clock shows.
    length = length_in(words)
    return Until(moment_of(found, now, zone) if length is None else now + length)


def moment_of(wall: datetime, now: datetime, zone: tzinfo) -> datetime:
    """When the clock shows this time, of two such moments on an autumn night the one still to come."""
    first = moment(wall, zone)
    return first if first > now else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)

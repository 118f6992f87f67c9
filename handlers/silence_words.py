"""Reading what is to be silenced, and until when: `Zadarma for 1h`, `all until morning`; in Russian too. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.alerts.silence import EVERYTHING
from bot.oncall.wall_clock import moment
from handlers.deadlines import LEADING, LENGTH, take_deadline

ALL = frozenset({"all", "everything", "*", "все", "всё"})
MORNING = frozenset({"morning", "утра", "утро"})
RECOVERY = frozenset({"recovery", "recovered", "recovers", "восстановления", "восстановится"})
MORNING_BEGINS = "08:00"
MOST_WORDS = 4


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
        for count in range(len(words), 0, -1):
            written = " ".join(words[:count]).casefold()
            if found := [Subject(id_, name) for id_, name in names.items() if matches(written, id_, name.casefold())]:
                return found, list(words[count:])
        return None

    whole = named(lambda written, id_, name: written in (name, id_.casefold()))
    if whole is not None or is_other(words):
        return whole or ([], list(words))
    return named(lambda written, _id, name: written in name) or ([], list(words))


def take_until(words: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Until | None, list[str]]:
    """Until when, as the first words say, None when they say nothing of it; and the other words. Raises
    NotADeadline."""
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        until = _read_until([word.lower() for word in words[:count]], now, zone)
        if until is not None:
            return until, list(words[count:])
    return None, list(words)


def _read_until(words: Sequence[str], now: datetime, zone: tzinfo) -> Until | None:
    said = [word for word in words if word not in LEADING]
    if words[-1] in LEADING:
        return None
    if len(said) == 1 and said[0] in RECOVERY:
        return Until(None)
    if len(said) == 1 and said[0] in MORNING:
        said = [MORNING_BEGINS]
    wall = now.astimezone(zone).replace(tzinfo=None)
    found, rest = take_deadline(said, wall)
    if found is None or rest:
        return None
    # So many hours pass on every night, whatever the clock shows.
    return Until(now + (found - wall) if LENGTH.fullmatch("".join(said)) else moment_of(found, now, zone))


def moment_of(wall: datetime, now: datetime, zone: tzinfo) -> datetime:
    """When the clock shows this time, of two such moments on an autumn night the one still to come."""
    first = moment(wall, zone)
    return first if first > now else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)

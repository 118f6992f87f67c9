"""Template facts of on-call people and shifts, and validation of on-call input."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Message
from bot.oncall.roster import Roster
from bot.oncall.rotation import Duty
from bot.store.access.contacts import Contact
from bot.store.oncall.reachability import Reachability
from handlers.dispatch.request import Request, WrongArguments
from handlers.parsing import shifts
from handlers.parsing.deadlines import NotADeadline, take_deadline
from handlers.parsing.shifts import NotAShift

Facts = dict[str, Any]


def person_facts(person: int, names: Mapping[int, Contact]) -> Facts:
    known = names.get(person)
    return {
        "subject": person,
        "name": known.name if known else "",
        "username": known.username if known and known.username else "",
    }


def duty_facts(shift: Duty, names: Mapping[int, Contact]) -> Facts:
    """Return plain values, which can be stored in the database."""
    return {
        "person": person_facts(shift.person, names),
        "begins": shift.begins.isoformat(),
        "ends": shift.ends.isoformat(),
        "level": shift.level,
        "out_of_turn": shift.out_of_turn,
    }


async def people_facts(
    request: Request, people: Sequence[int], reach: Mapping[int, Reachability] | None = None
) -> list[Facts]:
    names = await request.known(people)
    return [
        person_facts(person, names) | {"reachable": reach[person].reachable if reach and person in reach else None}
        for person in people
    ]


async def eligible(request: Request) -> list[int]:
    """Return people with the permission to be on call from any chat."""
    return (await request.services.grants.current()).people_with(
        Permission.ONCALL_TAKE, request.station.name, request.now
    )


async def check_eligible(request: Request, people: Iterable[int]) -> None:
    """Raise WrongArguments with the names of those that may not be on call."""
    allowed = await eligible(request)
    ineligible = [person for person in dict.fromkeys(people) if person not in allowed]
    if ineligible:
        facts = {"station": request.station.name, "people": await people_facts(request, ineligible)}
        raise WrongArguments(message=Message("oncall_not_able", facts))


def take_level(words: Sequence[str]) -> tuple[int | None, list[str]]:
    """Extract `level 2`. Raises WrongArguments."""
    try:
        return shifts.take_level(words)
    except NotAShift as wrong:
        raise WrongArguments(message=Message("oncall_no_level", {"written": str(wrong), "levels": []})) from None


def level_of(roster: Roster, requested: int | None) -> int:
    """Return the level, by default the first. Raises WrongArguments."""
    if requested is None:
        return roster.levels[0] if roster.levels else 1
    if requested != 1 and requested not in roster.levels:
        raise WrongArguments(
            message=Message("oncall_no_level", {"written": f"level {requested}", "levels": list(roster.levels)})
        )
    return requested


def take_until(request: Request, words: Sequence[str]) -> tuple[datetime | None, list[str]]:
    """Extract the end time, in the station's time zone. Raises WrongArguments."""
    try:
        until, remaining = take_deadline(words, request.station.local(request.now))
    except NotADeadline as wrong:
        raise WrongArguments(message=Message("not_a_deadline", {"written": str(wrong)})) from None
    return until and until.replace(tzinfo=request.station.zone()), remaining

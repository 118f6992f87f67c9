"""/oncall set and remove: rotations, changed after a preview."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from bot.access.policy import Destination
from bot.messages.message import Button, Message, mark
from bot.oncall.roster import Roster
from bot.oncall.rotation import Duty, Rotation
from bot.store.access.audit import Change
from bot.store.messages.notices import Notice
from bot.store.oncall.rosters import restored_shift, stored_shift
from handlers.dialog import confirm
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.oncall import oncall
from handlers.oncall.facts import check_eligible, duty_facts, level_of, people_facts, take_level
from handlers.parsing import shifts
from handlers.parsing.people import id_of, is_person_reference
from handlers.parsing.shifts import NotAShift

MAX_SHIFTS = 6
MAX_PEOPLE = 50
CONFIRM_WITHIN = timedelta(minutes=10)


@command(
    "oncall set",
    topic=Topic.ONCALL,
    summary=mark("Set who takes turns, and when they hand over"),
    usage=mark("weekly mon 09:00 | daily 09:00 | every 12h from 08:00, then people [level 2]"),
    examples=(
        mark("/oncall set weekly mon 09:00 @anna @boris"),
        mark("/oncall set every 12h from 08:00 @anna @boris level 2"),
    ),
    aliases=("задать", "установить", "назначить"),
)
async def set_(request: Request) -> Reply:
    rotation = await _read_rotation(request)
    await check_eligible(request, rotation.people)
    data = {
        "level": rotation.level,
        "people": list(rotation.people),
        "shift": stored_shift(rotation.shift),
    }
    confirm_button, cancel_button = Button(mark("✅ Set"), "oncall.set", data), Button(mark("Cancel"), "oncall.leave")
    message = Message("oncall_set", await _facts(request, rotation))
    return confirm.preview(
        message, confirm_button, cancel_button, timeout=CONFIRM_WITHIN, outcome=f"asked for level {rotation.level}"
    )


async def _read_rotation(request: Request) -> Rotation:
    level, words = take_level(request.arguments.split())
    try:
        zone = str(request.station.zone())
        shift, remaining = shifts.take_shift(words, request.station.local(request.now), zone)
    except NotAShift:
        raise WrongArguments(
            mark("Write how long a turn lasts, for example weekly mon 09:00, daily 09:00 or every 12h from 08:00.")
        ) from None
    if unknown := next((word for word in remaining if not is_person_reference(word)), None):
        raise WrongArguments(message=Message("oncall_not_understood", {"written": unknown}))
    people = tuple([await id_of(request, word) for word in remaining])
    if not people and request.reply_author is not None:
        people = (request.reply_author.id,)
    if not 1 <= len(people) <= MAX_PEOPLE:
        raise WrongArguments(mark("Write who takes turns, in their order: @usernames or numeric ids."))
    return Rotation(level or 1, people, shift)


def _ahead(request: Request, rotation: Rotation) -> Iterator[Duty]:
    """Yield shifts until each person has had one."""
    count = max(MAX_SHIFTS, len(rotation.people)) + 1
    return rotation.duties(request.now, request.now + count * (rotation.shift.lasts + timedelta(hours=3)))


async def _facts(request: Request, rotation: Rotation) -> dict[str, Any]:
    names = await request.known(rotation.people)
    reach = await request.services.oncall.reachability_of(rotation.people)
    roster = await request.services.oncall.roster(request.station.name)
    people = tuple(dict.fromkeys(rotation.people))
    return {
        "station": request.station.name,
        "level": rotation.level,
        "shift": stored_shift(rotation.shift),
        "shifts": [duty_facts(duty, names) for duty in islice(_ahead(request, rotation), MAX_SHIFTS)],
        "people": await people_facts(request, people, reach),
        "replaces": any(existing.level == rotation.level for existing in roster.rotations)
        or rotation.level in roster.calendars,
    }


@button("oncall.set", resume=OnRestart.ATOMIC)
async def set_now(request: Request) -> Reply:
    data, station = request.data, request.station.name
    rotation = Rotation(int(data["level"]), tuple(data["people"]), restored_shift(data["shift"]))
    await check_eligible(request, rotation.people)
    before = await _before(request, rotation.level)
    facts = {"station": station, "level": rotation.level, "by": request.actor.name}
    first_shifts = {duty.person: duty.begins.isoformat() for duty in reversed(list(_ahead(request, rotation)))}
    notices = [
        Notice(Destination(person), "oncall_in_turn", facts | {"begins": begins})
        for person, begins in first_shifts.items()
        if person != request.actor.id
    ]
    await request.services.oncall.set_rotation(station, rotation, request.actor.name, notices)
    after = {"people": list(rotation.people), "shift": stored_shift(rotation.shift)}
    message = await oncall.overview(request, mark("Set. I check now whether I can write to everybody in private."))
    return Reply(message, outcome=f"set level {rotation.level}", change=Change(before, after))


async def _before(request: Request, level: int) -> dict[str, Any]:
    roster = await request.services.oncall.roster(request.station.name)
    if level in roster.calendars:
        return {"calendar": True}
    found = next((rotation for rotation in roster.rotations if rotation.level == level), None)
    return {"people": list(found.people), "shift": stored_shift(found.shift)} if found else {}


@command(
    "oncall remove",
    topic=Topic.ONCALL,
    summary=mark("Remove a rotation or a calendar"),
    usage=mark("[level 2]"),
    examples=("/oncall remove", mark("/oncall remove level 2")),
    aliases=("удалить", "убрать"),
)
async def remove(request: Request) -> Reply:
    requested, remaining = take_level(request.arguments.split())
    if remaining:
        raise WrongArguments(message=Message("oncall_not_understood", {"written": remaining[0]}))
    roster = await request.services.oncall.roster(request.station.name)
    level = level_of(roster, requested)
    if level not in roster.levels:
        return Reply(await oncall.overview(request), outcome="nothing to remove")
    facts = {
        "station": request.station.name,
        "level": level,
        "people": await people_facts(request, _people_of(roster, level)),
        "last": len(roster.levels) == 1,
    }
    confirm_button = Button(mark("🗑 Remove"), "oncall.remove", {"level": level})
    cancel_button = Button(mark("Cancel"), "oncall.leave")
    return confirm.preview(
        Message("oncall_remove", facts), confirm_button, cancel_button, outcome=f"asked for level {level}"
    )


def _people_of(roster: Roster, level: int) -> tuple[int, ...]:
    one_level = Roster(
        tuple(rotation for rotation in roster.rotations if rotation.level == level),
        calendars={level: roster.calendars[level]} if level in roster.calendars else {},
    )
    return one_level.everyone()


@button("oncall.remove", resume=OnRestart.ATOMIC)
async def remove_now(request: Request) -> Reply:
    level = int(request.data["level"])
    before = await _before(request, level)
    removed = await request.services.oncall.remove(request.station.name, level)
    result = mark("Removed.") if removed else mark("It was gone already.")
    return Reply(await oncall.overview(request, result), outcome=f"removed level {level}", change=Change(before, {}))

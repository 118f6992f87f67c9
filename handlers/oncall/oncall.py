"""/oncall: current and next people on call, and gaps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.access.policy import EVERY_STATION, Permission
from bot.engine.calendar_feed import CalendarFault
from bot.messages.message import Button, Message, Rows, mark
from bot.oncall.roster import Roster
from bot.store.access.contacts import Contact
from bot.store.oncall.calendars import StoredCalendar
from bot.store.oncall.reachability import Reachability
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.oncall.facts import duty_facts, eligible, level_of, person_facts, take_until

HORIZON = timedelta(days=14)
MAX_GAPS = 3
MAX_SHIFTS = 12
MAX_UNKNOWN = 5


@command(
    "oncall",
    topic=Topic.ONCALL,
    summary=mark("Who is on call now, until when, and who is next"),
    usage="[take | give | swap | cancel | set | remove | import]",
    examples=("/oncall",),
)
async def oncall(request: Request) -> Reply:
    if not request.arguments.strip():
        return Reply(await overview(request))
    until, _ = take_until(request, request.arguments.split())
    if until is None:
        raise WrongArguments(mark("I do not know that word here. What can be done with duties, /help oncall shows."))
    raise WrongArguments(
        mark("That alone changes nothing. To be on call until then, write: /oncall take, and the time.")
    )


@button("oncall.show")
async def show(request: Request) -> Reply:
    return Reply(await overview(request))


@button("oncall.leave")
async def cancel(request: Request) -> Reply:
    return Reply(await overview(request), outcome="cancelled")


@button("oncall.shifts")
async def shifts(request: Request) -> Reply:
    """List the next shifts of one level."""
    roster = await request.services.oncall.roster(request.station.name)
    level = level_of(roster, int(request.data["level"]))
    ahead = roster.shifts(level, request.now, request.now + HORIZON)[:MAX_SHIFTS]
    names = await request.known({duty.person for duty in ahead})
    facts = {
        "station": request.station.name,
        "level": level,
        "levels": len(roster.levels),
        "shifts": [duty_facts(duty, names) for duty in ahead],
    }
    others = tuple(
        Button(f"📅 {other}", "oncall.shifts", {"level": other}) for other in roster.levels if other != level
    )
    rows: Rows = ((Button(mark("↩ On call"), "oncall.show"), *others),)
    return Reply(Message("oncall_shifts", facts, rows))


async def overview(request: Request, result: str = "") -> Message:
    schedules, station = request.services.oncall, request.station.name
    roster = await schedules.roster(station)
    reach = await schedules.reachability_of(sorted(roster.people_named))
    names = await request.known(roster.people_named)
    calendars = {kept.level: kept for kept in await schedules.calendars(station)}
    allowed = set(await eligible(request))

    def problem(person: int) -> str:
        return "not able" if person not in allowed else _reachability_problem(reach.get(person))

    levels = [_level(request, roster, level, names, calendars.get(level)) for level in roster.levels]
    unavailable = [person for person in sorted(roster.people_named) if problem(person)]
    facts = {
        "station": station,
        "deed": result,
        "levels": levels,
        "fleets": [] if levels else await _of_the_fleet(request),
        "troubled": [person_facts(person, names) | {"trouble": problem(person)} for person in unavailable],
        "may_set": request.may(Permission.ONCALL_WRITE).allowed,
    }
    return Message("oncall", facts, _buttons(request, roster))


async def _of_the_fleet(request: Request) -> list[dict[str, Any]]:
    """Return the fleet's people on call, for a PBX without its own schedule."""
    if request.services.fleet.single_station is not None or request.station.name == EVERY_STATION:
        return []
    roster = await request.services.oncall.roster(EVERY_STATION)
    people = [person for _, person in sorted(roster.on_call(request.now).items()) if person is not None]
    names = await request.known(people)
    return [person_facts(person, names) for person in dict.fromkeys(people)]


def _reachability_problem(reach: Reachability | None) -> str:
    return "unreachable" if reach is not None and reach.reachable is False else ""


def _level(
    request: Request, roster: Roster, level: int, names: Mapping[int, Contact], kept: StoredCalendar | None
) -> dict[str, Any]:
    now = request.now
    duty, coming = roster.duty(level, now), roster.next_duty(level, now)
    gaps = roster.gaps(level, now, now + HORIZON)
    return {
        "level": level,
        "now": duty_facts(duty, names) if duty else None,
        "next": duty_facts(coming, names) if coming else None,
        "gaps": [{"begins": begins, "ends": ends} for begins, ends in gaps[:MAX_GAPS]],
        "more_gaps": max(0, len(gaps) - MAX_GAPS),
        "ahead": now + HORIZON,
        **_calendar_facts(request, kept),
    }


def _calendar_facts(request: Request, kept: StoredCalendar | None) -> dict[str, Any]:
    if kept is None:
        return {"unknown": [], "unnamed": 0, "problem": "", "by_address": False}
    facts: dict[str, Any] = {"unknown": [], "unnamed": 0, "problem": kept.problem, "by_address": bool(kept.url)}
    if kept.url and not sees_addresses(request):
        problem = str(CalendarFault.UNSAID) if kept.problem else ""
        return facts | {"unnamed": len(kept.calendar.unknown), "problem": problem}
    return facts | {"unknown": list(kept.calendar.unknown[:MAX_UNKNOWN])}


def sees_addresses(request: Request) -> bool:
    """Return True if a calendar address's content or error may be shown: in private, to administrators of all PBXs.
    Others could probe the bot's network."""
    return request.place.private and request.may_at(EVERY_STATION, Permission.ONCALL_WRITE).allowed


def _buttons(request: Request, roster: Roster) -> Rows:
    level = roster.levels[0] if roster.levels else 1
    rows: list[tuple[Button, ...]] = []
    if request.may(Permission.ONCALL_TAKE).allowed:
        rows.append((Button(mark("🙋 Take over for 8 h"), "oncall.ask_take", {"level": level, "hours": 8}),))
    shifts_button = (Button(mark("📅 Shifts"), "oncall.shifts", {"level": level}),) if roster.levels else ()
    return (*rows, (*shifts_button, Button(mark("↻ Refresh"), "oncall.show")))

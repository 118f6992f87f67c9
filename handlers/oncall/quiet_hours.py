"""/quiet: hours without warnings in private. Outages notify the person on call at any hour."""

from datetime import datetime, time
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from bot.store.oncall.reachability import QuietHours
from handlers.dispatch.declare import StationScope, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing.arguments import OFF
from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.model import END_OF_DAY, Clock, Hours, NotATime, fold
from handlers.parsing.times.scanner import Scan, scan

NOTHING = Scan(())


@command(
    "quiet",
    topic=Topic.ONCALL,
    summary=mark("Hours in which you want no warnings in private; outages come always"),
    usage=mark("[22:00-08:00 | off]"),
    examples=("/quiet 22:00-08:00", mark("/quiet off")),
    resume=OnRestart.ATOMIC,
    scope=StationScope.ANY,
)
async def quiet(request: Request) -> Reply:
    schedules, person = request.services.oncall, request.actor.id
    before = await schedules.quiet_hours_of(person)
    if not request.arguments:
        return Reply(_message(request, before, changed=False))
    hours = _hours(request.arguments, request.station.local(request.now))
    await schedules.set_quiet_hours(person, hours)
    return Reply(
        _message(request, hours, changed=True),
        outcome="set" if hours else "switched off",
        change=Change({"quiet": _as_text(before)}, {"quiet": _as_text(hours)}),
    )


def _hours(text: str, now: datetime) -> QuietHours | None:
    if fold(text.strip()) in OFF:
        return None
    try:
        found = scan(text.split(), Atoms(now, is_ahead=True))
    except NotATime:
        found = NOTHING
    match [one.atom for one in found.times] if not found.remaining else []:
        case [Hours(begins, ends, None)] | [Clock(begins), Clock(ends)]:
            ends = time() if ends == END_OF_DAY else ends
            if begins != ends:
                return begins, ends
    raise WrongArguments(mark("Write from when to when, in the PBX's time."))


def _message(request: Request, hours: QuietHours | None, *, changed: bool) -> Message:
    """Render the hours, which apply to every PBX, each in its own time zone."""
    station = request.station.name if len(request.candidates) == 1 else EVERY_STATION
    facts: dict[str, Any] = {"station": station, "hours": _as_text(hours), "changed": changed}
    return Message("quiet", facts)


def _as_text(hours: QuietHours | None) -> str:
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}" if hours else ""

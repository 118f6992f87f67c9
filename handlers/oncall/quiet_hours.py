"""/quiet: hours without warnings in private. Outages notify the person on call at any hour."""

import re
from datetime import time
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from bot.store.oncall.reachability import QuietHours
from handlers.dispatch.declare import StationScope, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic

OFF = frozenset({"off", "no", "выкл", "нет", "выключить"})
HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*(?:-|–|—|\s)\s*([01]?\d|2[0-3]):([0-5]\d)")


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
    hours = _hours(request.arguments)
    await schedules.set_quiet_hours(person, hours)
    return Reply(
        _message(request, hours, changed=True),
        outcome="set" if hours else "switched off",
        change=Change({"quiet": _as_text(before)}, {"quiet": _as_text(hours)}),
    )


def _hours(text: str) -> QuietHours | None:
    if text.strip().lower() in OFF:
        return None
    found = HOURS.fullmatch(text.strip())
    begins, ends = (
        (time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))) if found else (time(), time())
    )
    if begins == ends:
        raise WrongArguments(mark("Write from when to when, in the station's time."))
    return begins, ends


def _message(request: Request, hours: QuietHours | None, *, changed: bool) -> Message:
    """Render the hours, which apply to every PBX, each in its own time zone."""
    station = request.station.name if len(request.candidates) == 1 else EVERY_STATION
    facts: dict[str, Any] = {"station": station, "hours": _as_text(hours), "changed": changed}
    return Message("quiet", facts)


def _as_text(hours: QuietHours | None) -> str:
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}" if hours else ""

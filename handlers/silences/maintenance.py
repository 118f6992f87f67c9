"""/maintenance: one-time and weekly windows without notifications, planned after a preview."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from bot.access.policy import Permission
from bot.incidents import silence
from bot.incidents.silence import EVERYTHING, LONGEST_OF_EVERYTHING, Silence, SilenceKind, Weekly
from bot.messages.message import Button, Message, Rows, mark
from bot.oncall.local_time import moment
from bot.store.typed_secrets import without_passwords
from handlers.dialog import confirm
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing.arguments import split
from handlers.parsing.silences import SilenceSubject, moment_of, take_named, take_subject
from handlers.parsing.station_names import OwnWords
from handlers.parsing.windows import NotAWindow, OneTimeWindow, WeeklyWindow, is_window, take_window
from handlers.silences.facts import display_name, listed, open_in_scope, silence_facts
from handlers.silences.mute_service import TOO_LONG, silence_request, station_count
from handlers.silences.mutes import list_again, no_such_trunk, outcome_of

MAX_OFFERED = 8

# Longer ones are not searched for the beginning of a window.
MAX_NAME_WORDS = 20


@command(
    "maintenance",
    topic=Topic.SILENCES,
    summary=mark("Maintenance windows: what is planned, and plan one"),
    usage=mark("[trunk | all] [tomorrow 02:00-04:00 | sat 02:00 for 2h | weekly sat,sun 02:00-04:00] [reason]"),
    examples=(
        "/maintenance",
        mark("/maintenance Zadarma tomorrow 02:00-04:00 works at the provider"),
        mark("/maintenance all weekly sat,sun 02:00-04:00 updates"),
        mark("/maintenance daily 03:00-03:15"),
    ),
    own_words=OwnWords.AT_THE_END,
)
async def maintenance(request: Request) -> Reply:
    words = split(request.arguments)
    if not words:
        return Reply(await listed(request, 0, "maintenance.show", SilenceKind.MAINTENANCE))
    if not request.may(Permission.INCIDENTS_MUTE).allowed:
        return Reply(Message("no_right", {"command": "maintenance"}), outcome="no right to plan")
    local_now = request.station.local(request.now)
    found, remaining = take_subject(
        words, request.station.watch.trunk_names, lambda candidate: is_window(candidate, local_now)
    )
    if not found and not is_window(remaining, local_now):
        return Reply(no_such_trunk(request, _before_window(remaining, local_now)), outcome="no such trunk")
    try:
        window, remaining = take_window(remaining, local_now)
    except NotAWindow as wrong:
        raise WrongArguments(message=Message("not_a_window", {"written": str(wrong)})) from None
    if not found:
        found, remaining = take_named(remaining, request.station.watch.trunk_names)
    planned = _stored(request, window) | {"reason": without_passwords(" ".join(remaining))}
    if len(found) > 1:
        return Reply(_which(request, found, planned), outcome="asked which")
    return _preview(request, found[0] if found else SilenceSubject(EVERYTHING), planned)


def _before_window(words: Sequence[str], local_now: datetime) -> Sequence[str]:
    words = words[:MAX_NAME_WORDS]
    places = range(1, len(words))
    return next((words[:place] for place in places if is_window(words[place : place + 2], local_now)), words)


@button("maintenance.show")
async def show(request: Request) -> Reply:
    return Reply(await listed(request, int(request.data["page"]), "maintenance.show", SilenceKind.MAINTENANCE))


@button("maintenance.subject")
async def choose_subject(request: Request) -> Reply:
    planned = dict(request.data)
    return _preview(request, SilenceSubject(str(planned.pop("subject")), str(planned.pop("name"))), planned)


@button("maintenance.plan", resume=OnRestart.ATOMIC)
async def plan(request: Request) -> Reply:
    window = _window(request, SilenceSubject(str(request.data["subject"]), str(request.data["name"])), request.data)
    if silence.is_over(window, request.now):
        return Reply(Message("not_a_window", {"written": ""}), outcome="too late")
    made = await request.services.silences.plan(
        silence_request(request, SilenceSubject(window.subject, window.name), window.reason),
        max(window.begins_at, request.now),
        window.until,
        window.repeats,
    )
    down = await open_in_scope(request)
    facts = _facts(request, silence_facts(made, down, request), planned=True)
    rows: Rows = ((Button(mark("🗑 Remove"), "mute.end", {"silence": made.id}),),)
    return Reply(Message("maintenance", facts, rows), outcome=f"planned {made.number} for {made.subject}")


@button("maintenance.cancel")
async def cancel(_request: Request) -> Reply:
    return Reply(Message("maintenance_cancelled"), outcome="cancelled")


@button("maintenance.end_now", resume=OnRestart.ATOMIC)
async def end_now(request: Request) -> Reply:
    ended = await request.services.silences.end_this_time(
        request.station.name, int(request.data["silence"]), request.actor.name
    )
    toast, outcome = outcome_of(ended)
    return Reply(await list_again(request), toast=toast, outcome=outcome)


def _stored(request: Request, window: OneTimeWindow | WeeklyWindow) -> dict[str, Any]:
    """Serialize the window for a button."""
    zone = request.station.zone()
    if isinstance(window, WeeklyWindow):
        return {
            "begins": request.now.isoformat(),
            "until": None,
            "days": sorted(window.days),
            "starts": window.starts.isoformat("minutes"),
            "minutes": window.minutes,
            "zone": str(zone),
        }
    begins = max(moment(window.begins, zone), request.now)
    ends = begins + (window.ends - window.begins) if window.exactly else moment_of(window.ends, request.now, zone)
    return {"begins": begins.isoformat(), "until": ends.isoformat(), "days": []}


def _window(request: Request, subject: SilenceSubject, planned: Any) -> Silence:
    """Return the silence to be planned. Raises WrongArguments if it never pauses or is too long."""
    repeats = None
    if planned["days"]:
        starts = time.fromisoformat(planned["starts"])
        repeats = Weekly(frozenset(planned["days"]), starts, int(planned["minutes"]), str(planned["zone"]))
        if repeats.never_pauses:
            raise WrongArguments(mark("That would be always. Leave some time in which alerts come."))
    begins_at = datetime.fromisoformat(planned["begins"])
    until = datetime.fromisoformat(planned["until"]) if planned["until"] else None
    if subject.id == EVERYTHING and until is not None and until - begins_at > LONGEST_OF_EVERYTHING:
        raise WrongArguments(TOO_LONG)
    return Silence(
        id=0,
        kind=SilenceKind.MAINTENANCE,
        subject=subject.id,
        name=subject.name,
        reason=str(planned["reason"]),
        by_name=request.actor.name,
        begins_at=begins_at,
        until=until,
        repeats=repeats,
    )


def _preview(request: Request, subject: SilenceSubject, planned: dict[str, Any]) -> Reply:
    window = _window(request, subject, planned)
    # A fixed UTC offset has no DST changes.
    by_offset = window.repeats is not None and window.repeats.zone.startswith("UTC") and window.repeats.zone != "UTC"
    count = station_count(request, subject)
    facts = _facts(request, silence_facts(window, (), request), planned=False, by_offset=by_offset, count=count)
    data = {"subject": subject.id, "name": subject.name, **planned}
    confirm_button, cancel_button = (
        Button(mark("✅ Plan"), "maintenance.plan", data),
        Button(mark("Cancel"), "maintenance.cancel"),
    )
    return confirm.preview(
        Message("maintenance", facts), confirm_button, cancel_button, outcome=f"asked for {subject.id}"
    )


def _facts(
    request: Request, window: dict[str, Any], *, planned: bool, by_offset: bool = False, count: int = 1
) -> dict[str, Any]:
    return {
        "station": request.station.name,
        "window": window,
        "planned": planned,
        "by_offset": by_offset,
        "count": count,
    }


def _which(request: Request, found: list[SilenceSubject], planned: dict[str, Any]) -> Message:
    rows: Rows = tuple(
        (
            Button(
                display_name(subject.id, subject.name),
                "maintenance.subject",
                {"subject": subject.id, "name": subject.name, **planned},
            ),
        )
        for subject in found[:MAX_OFFERED]
    )
    return Message("trunk_choice", {"station": request.station.name, "found": len(found), "near": 0}, rows)

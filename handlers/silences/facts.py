"""Template facts of silences: target, end, and the open incidents they suppress."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.access.policy import EVERY_STATION, Permission
from bot.incidents import silence
from bot.incidents.model import SUBJECT_NAMES, SUBJECT_PREFIXES, kind_info
from bot.incidents.silence import EVERYTHING, Silence, SilenceKind, Weekly
from bot.messages.message import Button, Message, grid, mark
from bot.store.tables.incidents import Incident
from handlers.dialog import paging
from handlers.dialog.paging import paginate
from handlers.dispatch.request import Request
from handlers.parsing.silences import SilenceSubject

PAGE_SIZE = 8
BUTTONS_IN_A_ROW = 4
OWN_LABELS = {EVERYTHING: mark("Everything"), **SUBJECT_NAMES}
DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))


def subject_of(incident: Incident, names: Mapping[str, str]) -> SilenceSubject:
    """Return the subject of an incident, with its current name."""
    for prefix in SUBJECT_PREFIXES:
        if incident.subject.startswith(prefix):
            return SilenceSubject(incident.subject, incident.subject.removeprefix(prefix))
    known = names.get(incident.subject) or incident.facts.get("trunk") or ""
    return SilenceSubject(incident.subject, str(known))


def display_name(subject_id: str, name: str) -> str:
    """Return the display name, or the bot's own label."""
    return OWN_LABELS.get(subject_id) or name or subject_id


def silence_facts(entry: Silence, down: Iterable[Incident], request: Request) -> dict[str, Any]:
    now, names = request.now, request.station.watch.trunk_names
    is_now = silence.in_force(entry, now)
    suppressed = [
        incident for incident in down if is_now and is_real(incident) and silence.covers(entry, incident.subject)
    ]
    return {
        "number": entry.number,
        "is_mute": entry.kind is SilenceKind.MUTE,
        **named(entry.subject, names.get(entry.subject) or entry.name),
        "everywhere": entry.station != request.station.name and request.services.fleet.single_station is None,
        "reason": entry.reason,
        "by": entry.by_name,
        "is_now": is_now,
        "ends": silence.ends(entry, now) if is_now else None,
        "next": None if is_now else silence.begins(entry, now),
        "begins_at": entry.begins_at,
        "until": entry.until,
        "until_recovery": entry.until_recovery,
        "repeats": repeats_facts(entry.repeats) if entry.repeats else None,
        "down": [down_facts(incident, names) for incident in suppressed],
    }


def is_real(incident: Incident) -> bool:
    """Return False for a drill."""
    return not kind_info(incident.kind).drill


async def in_force(request: Request) -> list[dict[str, Any]]:
    """Return the silences in force at the station."""
    now, names = request.now, request.station.watch.trunk_names
    current = await request.services.silences.current(request.station.name)
    active = [entry for entry in current if silence.in_force(entry, now)]
    return [
        {
            "is_mute": entry.kind is SilenceKind.MUTE,
            **named(entry.subject, names.get(entry.subject) or entry.name),
            "ends": silence.ends(entry, now),
            "until_recovery": entry.until_recovery,
        }
        for entry in active
    ]


def named(subject_id: str, name: str) -> dict[str, Any]:
    """Return the label; `own` if it is the bot's, which is translated."""
    return {"what": display_name(subject_id, name), "own": subject_id in OWN_LABELS}


def down_facts(incident: Incident, names: Mapping[str, str]) -> dict[str, Any]:
    subject = subject_of(incident, names)
    return {**named(subject.id, subject.name), "outage": kind_info(incident.kind).outage, "since": incident.began_at}


def repeats_facts(weekly: Weekly) -> dict[str, Any]:
    hour, minute = divmod(weekly.starts.hour * 60 + weekly.starts.minute + weekly.minutes, 60)
    return {
        "days": [DAYS[day] for day in sorted(weekly.days)],
        "every_day": len(weekly.days) == len(DAYS),
        "starts": f"{weekly.starts:%H:%M}",
        "ends": f"{hour if hour <= 24 - bool(minute) else hour - 24:02}:{minute:02}",
    }


async def open_in_scope(request: Request) -> list[Incident]:
    """Return open incidents that a silence of everything suppresses: of the PBX, or of all of them."""
    if request.station.name == EVERY_STATION and request.services.fleet.single_station is None:
        return await request.services.incidents.open_everywhere()
    return await request.services.incidents.open(request.station.name)


async def listed(request: Request, page: int, action: str, kind: SilenceKind | None = None) -> Message:
    """Render a page of silences in force or planned, of one kind or both; `action` shows another page."""
    station = request.station.name
    current = [entry for entry in await request.services.silences.current(station) if kind in (None, entry.kind)]
    shown = paginate(current, page, PAGE_SIZE)
    down = await open_in_scope(request)
    facts = {
        "station": station,
        "total": len(current),
        "maintenance": kind is SilenceKind.MAINTENANCE,
        "silences": [silence_facts(entry, down, request) for entry in shown.items],
        "may": request.may(Permission.INCIDENTS_MUTE).allowed,
    }
    buttons = _action_buttons(request, shown.items, {"list": action, "page": shown.number}) if facts["may"] else []
    return Message("silences", facts, (*grid(buttons, BUTTONS_IN_A_ROW), *paging.numbered_row(shown, action)))


def _action_buttons(request: Request, shown: Iterable[Silence], back: Mapping[str, Any]) -> list[Button]:
    buttons: list[Button] = []
    for entry in shown:
        if (
            entry.station != request.station.name
            and not request.may_at(entry.station, Permission.INCIDENTS_MUTE).allowed
        ):
            continue
        data = {"silence": entry.id, "station": entry.station, **back}
        if entry.kind is SilenceKind.MAINTENANCE and entry.repeats and silence.in_force(entry, request.now):
            buttons.append(Button(f"⏹ {entry.number}", "maintenance.end_now", data))
        label = request.translate(mark("🔔 Unmute")) if entry.kind is SilenceKind.MUTE else "🗑"
        buttons.append(Button(f"{label} {entry.number}", "mute.end", data))
    return buttons

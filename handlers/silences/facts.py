"""Template facts of silences: target, end, and the open incidents they suppress."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.access.policy import EVERY_STATION, Permission
from bot.incidents import silence
from bot.incidents.model import SUBJECT_NAMES, SUBJECT_PREFIXES, kind_info
from bot.incidents.silence import EVERYTHING, Silence, SilenceKind, Weekly
from bot.messages.message import Button, Message, mark
from bot.store.tables.incidents import Incident
from handlers.dialog import paging
from handlers.dialog.paging import paginate
from handlers.dispatch.request import Request
from handlers.parsing.silences import SilenceSubject

PAGE = 8
IN_A_ROW = 4
OWN_WORDS = {EVERYTHING: mark("Everything"), **SUBJECT_NAMES}
DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))


def subject_of(incident: Incident, names: Mapping[str, str]) -> SilenceSubject:
    """Return the subject of an incident, with its current name."""
    for prefix in SUBJECT_PREFIXES:
        if incident.subject.startswith(prefix):
            return SilenceSubject(incident.subject, incident.subject.removeprefix(prefix))
    known = names.get(incident.subject) or incident.facts.get("trunk") or ""
    return SilenceSubject(incident.subject, str(known))


def called(subject_id: str, name: str) -> str:
    """Return the display name, or the bot's own label."""
    return OWN_WORDS.get(subject_id) or name or subject_id


def silence_facts(one: Silence, down: Iterable[Incident], request: Request) -> dict[str, Any]:
    now, names = request.now, request.station.watch.trunk_names
    is_now = silence.in_force(one, now)
    beneath = [incident for incident in down if is_now and is_real(incident) and silence.covers(one, incident.subject)]
    return {
        "number": one.number,
        "is_mute": one.kind is SilenceKind.MUTE,
        **named(one.subject, names.get(one.subject) or one.name),
        "everywhere": one.station != request.station.name and request.services.fleet.single_station is None,
        "reason": one.reason,
        "by": one.by_name,
        "is_now": is_now,
        "ends": silence.ends(one, now) if is_now else None,
        "next": None if is_now else silence.begins(one, now),
        "begins_at": one.begins_at,
        "until": one.until,
        "until_recovery": one.until_recovery,
        "repeats": repeats_facts(one.repeats) if one.repeats else None,
        "down": [down_facts(incident, names) for incident in beneath],
    }


def is_real(incident: Incident) -> bool:
    """Return False for a drill."""
    return not kind_info(incident.kind).drill


async def in_force(request: Request) -> list[dict[str, Any]]:
    """Return the silences in force at the station."""
    now, names = request.now, request.station.watch.trunk_names
    current = await request.services.silences.current(request.station.name)
    forced = [one for one in current if silence.in_force(one, now)]
    return [
        {
            "is_mute": one.kind is SilenceKind.MUTE,
            **named(one.subject, names.get(one.subject) or one.name),
            "ends": silence.ends(one, now),
            "until_recovery": one.until_recovery,
        }
        for one in forced
    ]


def named(subject_id: str, name: str) -> dict[str, Any]:
    """Return the label; `own` if it is the bot's, which is translated."""
    return {"what": called(subject_id, name), "own": subject_id in OWN_WORDS}


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


async def open_beneath(request: Request) -> list[Incident]:
    """Return open incidents that a silence of everything suppresses: of the PBX, or of all of them."""
    if request.station.name == EVERY_STATION and request.services.fleet.single_station is None:
        return await request.services.incidents.open_everywhere()
    return await request.services.incidents.open(request.station.name)


async def listed(request: Request, page: int, action: str, kind: SilenceKind | None = None) -> Message:
    """Render a page of silences in force or planned, of one kind or both; `action` shows another page."""
    station = request.station.name
    current = [one for one in await request.services.silences.current(station) if kind in (None, one.kind)]
    shown = paginate(current, page, PAGE)
    down = await open_beneath(request)
    facts = {
        "station": station,
        "total": len(current),
        "maintenance": kind is SilenceKind.MAINTENANCE,
        "silences": [silence_facts(one, down, request) for one in shown.items],
        "may": request.may(Permission.MUTE).allowed,
    }
    deeds = _deeds(request, shown.items, {"list": action, "page": shown.number}) if facts["may"] else []
    return Message("silences", facts, (*paging.grid(deeds, IN_A_ROW), *paging.numbered_row(shown, action)))


def _deeds(request: Request, shown: Iterable[Silence], back: Mapping[str, Any]) -> list[Button]:
    deeds: list[Button] = []
    for one in shown:
        if one.station != request.station.name and not request.may_at(one.station, Permission.MUTE).allowed:
            continue
        data = {"silence": one.id, "station": one.station, **back}
        if one.kind is SilenceKind.MAINTENANCE and one.repeats and silence.in_force(one, request.now):
            deeds.append(Button(f"⏹ {one.number}", "maintenance.end_now", data))
        deed = request.translate(mark("🔔 Unmute")) if one.kind is SilenceKind.MUTE else "🗑"
        deeds.append(Button(f"{deed} {one.number}", "mute.end", data))
    return deeds

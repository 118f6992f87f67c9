"""Mute the subject of an alert from its message: duration, then an optional reason."""

from datetime import timedelta

from bot.incidents.model import STATION
from bot.incidents.silence import EVERYTHING
from bot.messages.message import Button, Message, Rows, mark
from bot.store.tables.incidents import Incident
from handlers.dispatch.declare import answer, button
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart
from handlers.parsing.silences import SilenceSubject, Until, take_until
from handlers.silences.facts import named, subject_of
from handlers.silences.mute_service import mute, muted

HOURS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4)}
MORNING, RECOVERY = "morning", "recovery"
LENGTHS = (
    ("1h", mark("1 h")),
    ("4h", mark("4 h")),
    (MORNING, mark("until morning")),
    (RECOVERY, mark("until recovery")),
)
OVER = Reply(toast=mark("It is already over."), outcome="over already")


@button("incident.mute")
async def ask(request: Request) -> Reply:
    """Ask for the duration in a new message; the alert message stays."""
    incident = await _open_incident(request)
    if incident is None:
        return OVER
    subject = _subject(request, incident)
    choices = [Button(label, "mute.choose", {"incident": incident.id, "length": key}) for key, label in LENGTHS]
    rows: Rows = (tuple(choices[:2]), tuple(choices[2:]))
    facts = {"station": request.station.name, "subject": named(subject.id, subject.name)}
    return Reply(Message("mute_how_long", facts, rows), as_new_message=True, outcome=f"asked for {subject.id}")


@button("mute.choose", resume=OnRestart.ATOMIC)
async def choose(request: Request) -> Reply:
    incident = await _open_incident(request)
    if incident is None:
        return OVER
    until = _until(request, str(request.data["length"]))
    return await mute(request, _subject(request, incident), until, asks_reason=True)


@answer("mute.reason", resume=OnRestart.ATOMIC)
async def give_reason(request: Request) -> Reply:
    if not request.arguments:
        raise WrongArguments(mark("Write the reason in words."))
    station = request.station.name
    made = await request.services.silences.give_reason(station, int(request.data["silence"]), request.arguments)
    if made is None:
        return Reply(Message("mute_is_over", {"station": station}), outcome="over already")
    return Reply(
        muted(request, made, await request.services.incidents.open(station)), outcome=f"a reason for {made.number}"
    )


async def _open_incident(request: Request) -> Incident | None:
    incident = await request.services.incidents.find(request.station.name, int(request.data["incident"]))
    return incident if incident is not None and incident.open_key is not None else None


def _subject(request: Request, incident: Incident) -> SilenceSubject:
    """Return the subject to mute; a station's incident means everything."""
    if incident.subject == STATION:
        return SilenceSubject(EVERYTHING)
    return subject_of(incident, request.station.watch.trunk_names)


def _until(request: Request, length: str) -> Until | None:
    if length == RECOVERY:
        return Until(None)
    if length == MORNING:
        return take_until([MORNING], request.now, request.station.zone())[0]
    return Until(request.now + HOURS[length])

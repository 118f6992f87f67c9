"""Mute a subject: limits, confirmation and replies."""

from datetime import timedelta
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.incidents import silence
from bot.incidents.model import kind_info
from bot.incidents.silence import EVERYTHING, LONGEST_OF_EVERYTHING, Silence
from bot.incidents.silence_store import SilenceRequest
from bot.messages.message import Button, Message, mark
from bot.store.tables.incidents import Incident
from handlers.dialog import confirm
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.parsing.silences import SilenceSubject, Until
from handlers.silences.facts import down_facts, is_real, named, open_in_scope, silence_facts

DEFAULT = timedelta(hours=1)
# Stored by buttons in place of a time.
RECOVERY = "recovery"
TOO_LONG = mark(
    "Everything is muted for 7 days at most: what is forgotten would hide every outage. Mute single trunks for longer."
)
NOTHING_TO_RECOVER = mark("It is not down, so it cannot recover. Write for how long: for 4h, until morning.")


async def mute(
    request: Request,
    subject: SilenceSubject,
    until: Until | None,
    reason: str = "",
    *,
    asks_reason: bool = False,
    confirmed: bool = False,
) -> Reply:
    """Mute a subject. A mute of several PBXs requires confirmation. Raises WrongArguments."""
    down = await open_in_scope(request)
    until = until or Until(request.now + DEFAULT)
    _check(request, subject, until, down)
    if not confirmed and (count := station_count(request, subject)) > 1:
        return _confirmation(request, subject, until, reason, count)
    made = await request.services.silences.mute(silence_request(request, subject, reason), request.now, until.moment)
    asks = asks_reason and not reason
    question = Question("mute.reason", {"silence": made.id}) if asks else None
    lasts = f"{until.moment:%Y-%m-%d %H:%M} UTC" if until.moment else "recovery"
    outcome = f"muted {subject.id} until {lasts}"
    return Reply(muted(request, made, down, asks=asks), question=question, outcome=outcome)


def station_count(request: Request, subject: SilenceSubject) -> int:
    """Return the number of PBXs that a silence of the subject covers."""
    of_all = (
        request.services.fleet.single_station is None
        and request.station.name == EVERY_STATION
        and subject.id == EVERYTHING
    )
    return len(request.services.fleet.names) if of_all else 1


def _confirmation(request: Request, subject: SilenceSubject, until: Until, reason: str, count: int) -> Reply:
    facts = {
        "station": request.station.name,
        "count": count,
        "until": until.moment.isoformat() if until.moment else None,
        "reason": reason,
    }
    data = {"subject": subject.id, "name": subject.name, "until": facts["until"] or RECOVERY, "reason": reason}
    confirm_button, cancel_button = (
        Button(mark("🔕 Mute"), "mute.everywhere", data),
        Button(mark("Cancel"), "mute.leave"),
    )
    return confirm.preview(
        Message("mute_everywhere", facts), confirm_button, cancel_button, outcome=f"asked for {count} PBXs"
    )


def silence_request(request: Request, subject: SilenceSubject, reason: str) -> SilenceRequest:
    return SilenceRequest(
        station=request.station.name,
        subject=subject.id,
        name=subject.name,
        by_id=request.actor.id,
        by_name=request.actor.name,
        reason=reason,
    )


def muted(request: Request, made: Silence, down: list[Incident], *, asks: bool = False) -> Message:
    facts = {
        "station": request.station.name,
        "mute": silence_facts(made, down, request),
        "asks": asks,
        "private": request.place.private,
    }
    return Message("muted", facts, ((Button(mark("🔔 Unmute"), "mute.end", {"silence": made.id}),),))


async def unmuted(request: Request, ended: list[Silence]) -> Message:
    """Report the ended silences, and the incidents that now notify or stay suppressed."""
    current = await request.services.silences.current(request.station.name)
    names = request.station.watch.trunk_names
    down: list[dict[str, Any]] = []
    for incident in await open_in_scope(request):
        if is_real(incident) and any(
            silence.covers(entry, incident.subject) and silence.in_force(entry, request.now) for entry in ended
        ):
            remaining = silence.silence_of(current, incident.subject, request.now)
            suppression = (
                {"number": remaining.number, "ends": silence.ends(remaining, request.now)} if remaining else None
            )
            down.append(down_facts(incident, names) | {"held": suppression, **_notification_facts(incident)})
    facts = {
        "station": request.station.name,
        "person": request.actor.name,
        "ended": [named(entry.subject, names.get(entry.subject) or entry.name) for entry in ended],
        "mutes": all(entry.kind is silence.SilenceKind.MUTE for entry in ended),
        "down": down,
    }
    return Message("unmuted", facts)


def _notification_facts(incident: Incident) -> dict[str, Any]:
    """Return notification facts: after its first notification, an incident notifies again only if it is an outage and
    not acknowledged."""
    waits = kind_info(incident.kind).outage and incident.acknowledged_at is None
    return {"is_told": not incident.step or waits, "taken_by": incident.acknowledged_by if incident.step else None}


def _check(request: Request, subject: SilenceSubject, until: Until, down: list[Incident]) -> None:
    if until.moment is None:
        affected = (
            kind_info(incident.kind).real_outage if subject.id == EVERYTHING else incident.subject == subject.id
            for incident in down
        )
        if not any(affected):
            raise WrongArguments(NOTHING_TO_RECOVER)
    elif subject.id == EVERYTHING and until.moment - request.now > LONGEST_OF_EVERYTHING:
        raise WrongArguments(TOO_LONG)

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
from handlers.silences.facts import down_facts, is_real, named, open_beneath, silence_facts

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
    down = await open_beneath(request)
    until = until or Until(request.now + DEFAULT)
    _check(request, subject, until, down)
    if not confirmed and (count := how_many(request, subject)) > 1:
        return _asked(request, subject, until, reason, count)
    made = await request.services.silences.mute(wish(request, subject, reason), request.now, until.moment)
    asks = asks_reason and not reason
    question = Question("mute.reason", {"silence": made.id}) if asks else None
    lasts = f"{until.moment:%Y-%m-%d %H:%M} UTC" if until.moment else "recovery"
    outcome = f"muted {subject.id} until {lasts}"
    return Reply(muted(request, made, down, asks=asks), question=question, outcome=outcome)


def how_many(request: Request, subject: SilenceSubject) -> int:
    """Return the number of PBXs that a silence of the subject covers."""
    of_all = (
        request.services.fleet.single_station is None
        and request.station.name == EVERY_STATION
        and subject.id == EVERYTHING
    )
    return len(request.services.fleet.names) if of_all else 1


def _asked(request: Request, subject: SilenceSubject, until: Until, reason: str, count: int) -> Reply:
    facts = {
        "station": request.station.name,
        "count": count,
        "until": until.moment.isoformat() if until.moment else None,
        "reason": reason,
    }
    data = {"subject": subject.id, "name": subject.name, "until": facts["until"] or RECOVERY, "reason": reason}
    go, leave = Button(mark("🔕 Mute"), "mute.everywhere", data), Button(mark("Cancel"), "mute.leave")
    return confirm.preview(Message("mute_everywhere", facts), go, leave, outcome=f"asked for {count} PBXs")


def wish(request: Request, subject: SilenceSubject, reason: str) -> SilenceRequest:
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


async def no_longer_silenced(request: Request, ended: list[Silence]) -> Message:
    """Report the ended silences, and the incidents that now notify or stay suppressed."""
    current = await request.services.silences.current(request.station.name)
    names = request.station.watch.trunk_names
    down: list[dict[str, Any]] = []
    for incident in await open_beneath(request):
        if is_real(incident) and any(
            silence.covers(one, incident.subject) and silence.in_force(one, request.now) for one in ended
        ):
            still = silence.holding(current, incident.subject, request.now)
            held = {"number": still.number, "ends": silence.ends(still, request.now)} if still else None
            down.append(down_facts(incident, names) | {"held": held, **_told_of(incident)})
    facts = {
        "station": request.station.name,
        "person": request.actor.name,
        "ended": [named(one.subject, names.get(one.subject) or one.name) for one in ended],
        "mutes": all(one.kind is silence.SilenceKind.MUTE for one in ended),
        "down": down,
    }
    return Message("unmuted", facts)


def _told_of(incident: Incident) -> dict[str, Any]:
    """Return notification facts: after its first notification, an incident notifies again only if it is an outage and
    not acknowledged."""
    waits = kind_info(incident.kind).outage and incident.acknowledged_at is None
    return {"is_told": not incident.step or waits, "taken_by": incident.acknowledged_by if incident.step else None}


def _check(request: Request, subject: SilenceSubject, until: Until, down: list[Incident]) -> None:
    if until.moment is None:
        beneath = (
            kind_info(one.kind).real_outage if subject.id == EVERYTHING else one.subject == subject.id for one in down
        )
        if not any(beneath):
            raise WrongArguments(NOTHING_TO_RECOVER)
    elif subject.id == EVERYTHING and until.moment - request.now > LONGEST_OF_EVERYTHING:
        raise WrongArguments(TOO_LONG)

"""/why: the timeline of an incident: notifications and their delivery, suppression and its rule, acknowledgement."""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from bot.messages.message import Button, Message, Rows, mark
from bot.store.stations.incidents import AlertDelivery
from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import Outgoing
from handlers.dialog import paging
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.incidents.facts import incident_facts, moment_of
from handlers.incidents.incidents import no_such, read_number

PAGE_SIZE = 12


@command(
    "why",
    topic=Topic.INCIDENTS,
    summary=mark("Why an incident went as it did: what happened, who was told, what was held back"),
    usage=mark("[number]"),
    examples=("/why", "/why 17"),
)
async def why(request: Request) -> Reply:
    number = read_number(request.arguments)
    incidents, station = request.services.incidents, request.station.name
    incident = await (incidents.newest(station) if number is None else incidents.numbered(station, number))
    if incident is None:
        return Reply(no_such(request, number), outcome="no such incident")
    return Reply(await _timeline(request, incident, 0))


@button("why.show")
async def show(request: Request) -> Reply:
    incident = await request.services.incidents.find(request.station.name, int(request.data["incident"]))
    if incident is None:
        return Reply(toast=mark("I do not know this incident any more."), outcome="gone")
    return Reply(
        await _timeline(request, incident, int(request.data.get("part") or 0)),
        as_new_message="page" not in request.data,
    )


async def _timeline(request: Request, incident: Incident, part: int) -> Message:
    events = await request.services.incidents.timeline(incident.id)
    messages = await request.services.incidents.deliveries(incident.id)
    chats = {delivered.alert_message.chat_id for delivered in messages} | {
        int(e.facts["chat"]) for e in events if _chat(e)
    }
    known = await request.known(chats)
    names = {chat: known[chat].name for chat in chats if chat in known}
    sent = await request.services.incidents.outbox_rows(
        [event.facts["message"] for event in events if event.facts.get("message")]
    )
    steps = [_step(event, incident, sent, names) for event in events]
    steps += [
        _end_notification(d.alert_message.chat_id, row, names)
        for d in messages
        for row in _end_replies(d, incident.ended_at)
    ]
    # Events recorded late are sorted by their own time.
    steps.sort(key=itemgetter("at"))
    shown = paginate(steps, part, PAGE_SIZE)
    facts = {
        "station": incident.station,
        "number": incident.number,
        "incident": incident_facts(incident, request.now),
        "steps": shown.items,
        **shown.facts(),
    }
    return Message("why", facts, _buttons(request, incident, shown))


def _buttons(request: Request, incident: Incident, shown: Page[Any]) -> Rows:
    here = {"incident": incident.id, "page": request.data.get("page")}
    last_row = (
        Button(mark("📄 Incident"), "incident.details", here),
        Button(mark("↻ Refresh"), "why.show", here | {"part": shown.number}),
    )
    return (*paging.numbered_row(shown, "why.show", here, key="part"), last_row)


def _step(
    event: IncidentEvent, incident: Incident, sent: Mapping[int, Outgoing], names: Mapping[int, str]
) -> dict[str, Any]:
    """Return the facts of one event, with the keys of all kinds of event. A station's fault is read from its
    incident."""
    facts = event.facts if incident.subject else {**_of_station(incident), **event.facts}

    def text(key: str) -> str:
        return str(facts.get(key) or "")

    chat = _chat(event)
    return {
        "what": event.what,
        "at": event.at,
        "late": (event.noted_at - event.at).total_seconds(),
        "kind": text("kind"),
        "cause": text("cause"),
        "trouble": text("trouble"),
        "row": text("row"),
        "by": text("by"),
        "to": text("to"),
        "rule": text("rule"),
        "reason": text("reason"),
        "until": moment_of(event, "until"),
        "retries_end_at": moment_of(event, "gives_up_at"),
        "flaps": facts.get("flaps") or 0,
        "step": facts.get("step") or 0,
        "people": [str(person) for person in people] if isinstance(people := facts.get("people"), list) else [],
        "place": text("person") or names.get(chat, ""),
        "chat": chat,
        "private": chat > 0,
        "loud": bool(facts.get("loud")),
        "added": bool(facts.get("added")),
        "everywhere": bool(facts.get("everywhere")),
        "delivery": _delivery(sent.get(facts.get("message") or 0)),
    }


def _chat(event: IncidentEvent) -> int:
    """Return the notified chat; 0 for other kinds of event."""
    chat = event.facts.get("chat")
    return chat if isinstance(chat, int) else 0


def _of_station(incident: Incident) -> dict[str, Any]:
    return {key: incident.facts[key] for key in ("trouble", "row") if key in incident.facts}


def _end_replies(delivered: AlertDelivery, ended_at: datetime | None) -> list[Outgoing]:
    """Return the replies to an alert message that were queued after the incident's end."""
    if ended_at is None:
        return []
    replies = (row for row in delivered.rows if row.about is not None and row.action == "send")
    return [row for row in replies if row.created_at >= ended_at]


def _end_notification(chat: int, row: Outgoing, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "what": "told_of_the_end",
        "at": row.created_at,
        "late": 0.0,
        "place": names.get(chat, ""),
        "chat": chat,
        "private": chat > 0,
        "loud": not row.silent,
        "delivery": _delivery(row),
    }


def _delivery(row: Outgoing | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"state": row.state, "at": row.sent_at, "error": row.error or "", "repeat": row.possible_repeat}

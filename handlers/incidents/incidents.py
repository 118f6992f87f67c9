"""/incidents: open and recent incidents, details of one; /ack acknowledges one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.access.policy import EVERY_STATION, Permission
from bot.engine.incident_manager import AckResult
from bot.messages.message import Button, CopyButton, Message, Rows, TrustedText, grid, mark
from bot.pbx.resources.trunk_models import PREFIXES
from bot.store.stations.incidents import name_of
from bot.store.tables.incidents import Incident
from handlers.dialog import paging
from handlers.dialog.copy_buttons import copy_row, host_button, number_button
from handlers.dialog.paging import TO_LIST, Page, paginate
from handlers.dispatch.declare import StationScope, button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.incidents.acknowledge import TOASTS
from handlers.incidents.facts import incident_facts
from handlers.silences.facts import is_real

PAGE_SIZE = 5
BUTTONS_IN_A_ROW = 5
RECENT = timedelta(hours=24)
MAX_RECENT = 5
MAX_CHOICES = 8
NUMBER = re.compile(r"#?(\d{1,9})")


@command(
    "incidents", topic=Topic.INCIDENTS, summary=mark("What is wrong now: since when, who has it, who is asked next")
)
async def incidents(request: Request) -> Reply:
    return Reply(await _list(request, 0))


@button("incidents.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request, int(request.data["page"])), as_new_message=bool(request.data.get("beside")))


@button("incidents.of_card", scope=StationScope.ALL)
async def of_alert_message(request: Request) -> Reply:
    """List open incidents of a message about several PBXs, at those where the person has the permission."""
    message_id = int(request.data["card"])
    found = [
        incident
        for incident in await request.services.incidents.on_alert_message(message_id)
        if incident.open_key is not None and request.may_at(incident.station, Permission.INCIDENTS_READ).allowed
    ]
    listing = Listing(
        "incidents.of_card", int(request.data["page"]), several=True, station=None, data={"card": message_id}
    )
    return Reply(_listed(request, found, (), listing), as_new_message=bool(request.data.get("beside")))


@button("incident.details")
async def details(request: Request) -> Reply:
    """Reply in a new message, unless the button is in the list or in details: an alert message is not overwritten."""
    incident = await request.services.incidents.find(request.station.name, int(request.data["incident"]))
    if incident is None:
        return Reply(toast=TOASTS[AckResult.UNKNOWN], outcome="gone")
    return Reply(await details_view(request, incident), as_new_message="page" not in request.data)


@command(
    "ack",
    topic=Topic.INCIDENTS,
    summary=mark("Take an incident: it is yours, and nobody else is woken"),
    usage=mark("[number]"),
    examples=("/ack", "/ack 17"),
    resume=OnRestart.ATOMIC,
)
async def ack(request: Request) -> Reply:
    number = read_number(request.arguments)
    if number is not None:
        selected = await request.services.incidents.numbered(request.station.name, number)
        if selected is None:
            return Reply(no_such(request, number), outcome="no such incident")
        return await _take(request, selected)
    found = (await request.services.incidents.open(request.station.name))[::-1]
    waiting = [incident for incident in found if incident.acknowledged_at is None]
    if len(waiting) == 1:
        return await _take(request, waiting[0])
    choices = tuple(
        (Button(f"#{incident.number} {name_of(incident)}", "incident.ack", {"incident": incident.id, "page": None}),)
        for incident in waiting[:MAX_CHOICES]
    )
    facts = {
        "found": len(waiting),
        "taken": [f"{name_of(incident)} ({incident.acknowledged_by})" for incident in found],
    }
    return Reply(Message("ack_choice", facts, choices), outcome=f"{len(waiting)} wait")


@button("incident.ack", resume=OnRestart.ATOMIC)
async def ack_pressed(request: Request) -> Reply:
    found = await request.services.incidents.find(request.station.name, int(request.data["incident"]))
    if found is None:
        return Reply(toast=TOASTS[AckResult.UNKNOWN], outcome="no such incident")
    return await _take(request, found)


async def _take(request: Request, selected: Incident) -> Reply:
    """Acknowledge, and reply with the incident's details and the result."""
    result = await request.station.incident_manager.acknowledge(
        selected.id, request.actor.id, request.actor.name, request.now
    )
    outcome = f"incident {selected.number}: {result}"
    incident = await request.services.incidents.find(request.station.name, selected.id)
    if incident is None:
        return Reply(no_such(request, selected.number), toast=TOASTS[AckResult.UNKNOWN], outcome=outcome)
    note = mark("Somebody took it before you.") if result is AckResult.ALREADY else TOASTS[result]
    return Reply(await details_view(request, incident, note), toast=TOASTS[result], outcome=outcome)


def read_number(written: str) -> int | None:
    """Parse an incident number; None if empty. Raises WrongArguments."""
    if not written:
        return None
    found = NUMBER.fullmatch(written.strip())
    if found is None:
        raise WrongArguments(mark("Write the number of the incident, as /incidents shows it."))
    return int(found[1])


def no_such(request: Request, number: int | None) -> Message:
    return Message("no_such_incident", {"station": request.station.name, "number": number})


async def _list(request: Request, page: int) -> Message:
    """List incidents of the station, or of every PBX of the fleet."""
    incidents, station = request.services.incidents, request.station.name
    of_all = request.services.fleet.single_station is None and station == EVERY_STATION
    found = await (incidents.open_everywhere() if of_all else incidents.open(station))
    recent = await incidents.ended_since(None if of_all else station, request.now - RECENT, MAX_RECENT)
    return _listed(request, found[::-1], recent, Listing("incidents.show", page, several=of_all, station=station))


@dataclass(frozen=True, slots=True)
class Listing:
    """Page of a list; its buttons run `action` with `data`. With `several` PBXs each line names its own."""

    action: str
    page: int
    several: bool
    station: str | None
    data: Mapping[str, Any] = field(default_factory=dict)


def _listed(request: Request, found: Sequence[Incident], recent: Sequence[Incident], listing: Listing) -> Message:
    shown = paginate(found, listing.page, PAGE_SIZE)
    facts = {
        "station": listing.station,
        "several": listing.several,
        "total": sum(map(is_real, found)),
        "open": [incident_facts(incident, request.now) for incident in shown.items],
        "recent": [incident_facts(incident, request.now) for incident in recent],
        **shown.facts(),
    }
    return Message("incidents", facts, _list_buttons(shown, recent, listing))


def _list_buttons(shown: Page[Incident], recent: Sequence[Incident], listing: Listing) -> Rows:
    detail_buttons = [
        Button(f"#{incident.number}", "incident.details", _details_data(incident, listing, shown.number))
        for incident in (*shown.items, *recent)
    ]
    refresh = Button(mark("↻ Refresh"), listing.action, {**listing.data, "page": shown.number})
    page_row = paging.numbered_row(shown, listing.action, listing.data)
    return (*grid(detail_buttons, BUTTONS_IN_A_ROW), *page_row, (refresh,))


def _details_data(incident: Incident, listing: Listing, page: int) -> dict[str, Any]:
    """Return button data; with several PBXs it names the incident's own, and the list stays."""
    if listing.several:
        return {"incident": incident.id, "station": incident.station}
    return {"incident": incident.id, "page": page}


async def details_view(request: Request, incident: Incident, note: TrustedText | None = None) -> Message:
    messages = await request.services.incidents.deliveries(incident.id)
    chats = dict.fromkeys(delivered.alert_message.chat_id for delivered in messages)
    names = await request.known(chats)
    facts: dict[str, Any] = {
        "station": incident.station,
        "number": incident.number,
        "note": note or "",
        "incident": incident_facts(incident, request.now),
        "noticed_after": (incident.opened_at - incident.began_at).total_seconds(),
        "chats": [{"name": names[chat].name if chat in names else "", "id": chat} for chat in chats],
    }
    return Message("incident", facts, _buttons(request, incident))


def _buttons(request: Request, incident: Incident) -> Rows:
    page = request.data.get("page")
    here = {"incident": incident.id, "page": page}
    first = [Button(mark("❓ Why"), "why.show", here | {"part": 0})]
    if incident.subject.startswith(PREFIXES) and request.may(Permission.TRUNKS_CHECK).allowed:
        first.append(Button(mark("🔎 Check now"), "trunk.check", {"id": incident.subject}))
    rows: list[tuple[Button | CopyButton, ...]] = [tuple(first), *_copy_row(request, incident)]
    is_waiting = incident.open_key is not None and incident.acknowledged_at is None
    if is_waiting and request.may(Permission.INCIDENTS_ACKNOWLEDGE).allowed:
        rows.insert(0, (Button(mark("✅ I'm on it"), "incident.ack", here),))
    refresh = Button(mark("↻ Refresh"), "incident.details", here)
    to_list = () if page is None else (Button(TO_LIST, "incidents.show", {"page": page}),)
    return (*rows, (*to_list, refresh))


def _copy_row(request: Request, incident: Incident) -> Rows:
    """Return what the provider is called by, and asked about, while the incident is open."""
    if incident.open_key is None:
        return ()
    facts = incident_facts(incident, request.now)
    number = facts["contact"].split(",")[0]
    return copy_row(host_button(facts["host"]), number_button(number, request.station.country))

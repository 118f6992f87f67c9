"""Card of one trunk: state, availability today, settings, routes, and actions."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, time
from typing import Any, TypeVar

from bot.access.policy import Permission
from bot.detection.trunk_health import Health, health_of, health_of_word
from bot.messages.message import Button, CopyButton, Message, Rows, mark
from bot.pbx import NotFound, PbxError, TrunkEvent, TrunkStatus
from handlers.dialog import pbx_errors
from handlers.dialog.copy_buttons import copy_row, host_button
from handlers.dialog.paging import TO_LIST
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.trunks import fields
from handlers.trunks.facts import ReregistrationNote, facts_of, statuses
from handlers.trunks.history import availability

T = TypeVar("T")

MAX_LISTED_EVENTS = 5
# States of a trunk that registers with its provider; a trunk that the provider registers with has them in upper case.
UNREGISTERED_STATES = frozenset({"rejected", "unregistered"})
# Enough for a day with a change every minute.
MAX_READ_EVENTS = 1000


@button("trunk.card")
async def show(request: Request) -> Reply:
    fresh = bool(request.data.get("fresh"))
    return Reply(await details_view(request, str(request.data["id"]), request.data.get("page"), fresh=fresh))


@button("trunk.check")
async def check(request: Request) -> Reply:
    """Show the state measured now: the PBX's cache is up to 10 s old."""
    message = await details_view(request, str(request.data["id"]), request.data.get("page"), fresh=True)
    return Reply(message, toast=mark("Measured just now."), as_new_message=bool(request.data.get("beside")))


async def status_of(request: Request, trunk_id: str, *, fresh: bool = False) -> TrunkStatus:
    """Return the state from the list of all: a key with limited rights may not read every single trunk. A trunk whose
    state the PBX does not report has none. Raises NotFound."""
    found = (await statuses(request, fresh=fresh)).value.get(trunk_id)
    if found is None:
        # Created a moment ago, and not polled by the monitor yet.
        rows = (await request.station.pbx.trunks.list()).value
        found = next((row.without_state for row in rows if row.id == trunk_id), None)
    if found is None:
        raise NotFound(("the trunk is not there any more",), "providers")
    return found


async def details_view(request: Request, trunk_id: str, page: int | None = None, *, fresh: bool = False) -> Message:
    pbx = request.station.pbx
    status, settings, listed, history, routes = await asyncio.gather(
        status_of(request, trunk_id, fresh=fresh),
        _part(pbx.trunks.get(trunk_id)),
        _part(pbx.trunks.list()),
        _part(pbx.trunks.history(trunk_id, MAX_READ_EVENTS)),
        routes_of(request, trunk_id),
    )
    before = await request.services.registrations.before(request.station.name, trunk_id)
    facts = facts_of(request, status) | {
        # Changed a moment ago, with the state of before: Asterisk has not tried the new settings yet.
        "kept": before is not None and ReregistrationNote(*before).is_kept(status),
        "station": request.station.name,
        "now": request.now,
        "username": status.username,
        "settings": _settings(settings.value.value) if settings.value else _listed(listed, trunk_id),
        "events": _events(status, history.value.value) if history.value else [],
        "available": _today(request, status, history.value.value) if history.value else None,
        "routes": routes,
        "problem": settings.problem or history.problem,
    }
    return Message("trunk", facts, _buttons(request, status, page))


class _Part:
    def __init__(self, value: Any = None, problem: dict[str, Any] | None = None) -> None:
        self.value = value
        self.problem = problem


async def _part(query: Awaitable[T]) -> _Part:
    """Return one part of the card; its error does not hide the others."""
    try:
        return _Part(value=await query)
    except PbxError as error:
        return _Part(problem=pbx_errors.describe(error))


def _settings(trunk: Any) -> list[dict[str, Any]]:
    settings = fields.FIELDS.labelled(fields.current_values(trunk))
    excluded = ("name", "host", "username", "disabled")
    return [field for field in settings if field["key"] not in excluded and field["value"] not in ("", None)]


def _listed(listed: _Part, trunk_id: str) -> list[dict[str, Any]]:
    """Return the one setting that the list has too, for keys that may not read this trunk alone."""
    rows = listed.value.value if listed.value else ()
    known = next(({"registration": row.registration} for row in rows if row.id == trunk_id and row.registration), {})
    return fields.FIELDS.labelled(known)


def _events(trunk: TrunkStatus, events: tuple[TrunkEvent, ...]) -> list[dict[str, Any]]:
    return [
        {"at": event.at, "state": event.state, "health": health_of_word(event.state, iax=trunk.is_iax)}
        for event in events[:MAX_LISTED_EVENTS]
        if event.at is not None
    ]


def _today(request: Request, status: TrunkStatus, events: tuple[TrunkEvent, ...]) -> float | None:
    zone = request.station.zone()
    midnight = datetime.combine(request.now.astimezone(zone).date(), time.min, zone)
    share = availability(events, status.state, midnight, request.now, _since(status))
    return None if share is None else round(share * 100, 1)


def _since(status: TrunkStatus) -> datetime | None:
    unseen = status.state.strip().lower() in ("unknown", "")
    return None if unseen else status.last_change


async def routes_of(request: Request, trunk_id: str) -> dict[str, Any]:
    """Names of the incoming and outbound routes that use the trunk, and the errors that hide some of them."""
    routing = request.station.pbx.routing
    incoming, outbound = await asyncio.gather(_part(routing.incoming()), _part(routing.outbound()))
    return {
        "incoming": [
            f"{route.name or route.number or route.id}{f' ({route.number})' if route.number and route.name else ''}"
            for route in (incoming.value.value if incoming.value else ())
            if route.trunk == trunk_id
        ],
        "outbound": [
            route.name or route.id
            for route in (outbound.value.value if outbound.value else ())
            if route.trunk == trunk_id
        ],
        "problems": _distinct([incoming.problem, outbound.problem]),
    }


def _distinct(found: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Return each error once."""
    distinct: list[dict[str, Any]] = []
    for problem in found:
        if problem is not None and not any(pbx_errors.is_same_error(problem, other) for other in distinct):
            distinct.append(problem)
    return distinct


def _buttons(request: Request, status: TrunkStatus, page: int | None) -> Rows:
    data: dict[str, Any] = {"id": status.id, "page": page}
    first = [Button(mark("↻ Refresh"), "trunk.card", data)]
    if request.may(Permission.TRUNKS_CHECK).allowed:
        first.append(Button(mark("🔎 Check now"), "trunk.check", data))
    rows: list[tuple[Button | CopyButton, ...]] = [tuple(first), *copy_row(host_button(status.host))]
    if request.may(Permission.TRUNKS_WRITE).allowed:
        is_off = health_of(status) is Health.OFF
        label = mark("🔌 Switch on") if is_off else mark("🔌 Switch off")
        switch = Button(label, "trunk.switch", {"id": status.id, "on": is_off})
        edit = Button(mark("✏️ Edit"), "trunk.edit", {"id": status.id})
        delete = Button(mark("🗑 Delete"), "trunk.delete", {"id": status.id})
        rows.append((switch, edit))
        if status.type.lower() == "sip" and status.state in UNREGISTERED_STATES:
            rows.append((Button(mark("♻️ Re-register"), "trunk.reregister", {"id": status.id}),))
        rows.append((delete,))
    if page is not None:
        rows.append((Button(TO_LIST, "trunks.show", {"page": page}),))
    return tuple(rows)

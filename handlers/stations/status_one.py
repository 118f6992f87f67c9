"""/status of one extension (number or employee name) or trunk (name), partial names included."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import EmployeeRow, NotFound, PbxError, PeerStatus, TrunkStatus
from handlers.dialog.near_names import near_trunks
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.trunks import card, trunks
from handlers.trunks.facts import facts_of

MAX_OFFERED = 8
ON_THE_PHONE = frozenset({"busy", "in use", "ringing", "on hold", "ring+inuse"})


async def lookup(request: Request, query: str) -> Message:
    """Find a number among extensions first, then trunks."""
    people: tuple[EmployeeRow, ...] = ()
    if query.isascii() and query.isdecimal():
        try:
            return await _extension(request, query)
        except NotFound:
            found = await trunks.find(request, query)
            if not found:
                return Message("no_such_extension", {"number": query, "station": request.station.name})
    else:
        found, people = await asyncio.gather(trunks.find(request, query), request.station.pbx.phone_book.named(query))
    if len(people) == 1 and not found:
        return await _extension(request, people[0].number)
    if not people and not found and (near := await request.station.pbx.phone_book.nearest(query)):
        return _which(request, query, near_trunks(request, query), near, is_near=True)
    if not people:
        return _trunk(request, found[0]) if len(found) == 1 else trunks.choice(request, found, query, "status.trunk")
    return _which(request, query, {trunk.id: trunk.name for trunk in found}, people)


def _which(
    request: Request,
    query: str,
    trunks_by_id: Mapping[str, str],
    people: Sequence[EmployeeRow],
    *,
    is_near: bool = False,
) -> Message:
    """Offer those with the name in them, or, if there are none, with the nearest."""
    rows = [(Button(name, "status.trunk", {"id": id_}),) for id_, name in trunks_by_id.items()]
    rows += [
        (Button(f"{employee.number} {employee.name}", "status.extension", {"number": employee.number}),)
        for employee in people
    ]
    facts = {
        "station": request.station.name,
        "written": query,
        "is_near": is_near,
        "more": max(0, len(rows) - MAX_OFFERED),
    }
    return Message("status_which", facts, tuple(rows[:MAX_OFFERED]))


@button("status.extension")
async def extension(request: Request) -> Reply:
    return Reply(await _extension(request, str(request.data["number"])))


@button("status.trunk")
async def trunk(request: Request) -> Reply:
    return Reply(_trunk(request, await card.status_of(request, str(request.data["id"]))))


def _trunk(request: Request, status: TrunkStatus) -> Message:
    facts = facts_of(request, status) | {
        "station": request.station.name,
        "now": request.now,
        "engine_is_silent": request.station.watch.asterisk_down,
    }
    data = {"id": status.id}
    buttons: Rows = ((Button(mark("🔎 Card"), "trunk.card", data), Button(mark("↻ Refresh"), "status.trunk", data)),)
    return Message("status_trunk", facts, buttons)


async def _extension(request: Request, number: str) -> Message:
    answer, peers = await asyncio.gather(request.station.pbx.extensions.status(number), _peers(request))
    found = answer.value
    state = next((peer.detailed_state for peer in peers if peer.id == number), "")
    facts: dict[str, Any] = {
        "station": request.station.name,
        "now": request.now,
        "extension": {"number": found.number, "name": found.name, "online": found.online},
        "busy": state.lower() in ON_THE_PHONE,
        "devices": [
            {"address": f"{d.ip}:{d.port}", "agent": d.user_agent, "rtt": round(d.rtt) if d.rtt else None}
            for d in found.devices
        ],
    }
    refresh: Rows = ((Button(mark("↻ Refresh"), "status.extension", {"number": number}),),)
    return Message("status_extension", facts, refresh)


async def _peers(request: Request) -> tuple[PeerStatus, ...]:
    """Return peers, which show active calls; empty on error, since the extension is shown without them too."""
    try:
        return (await request.station.pbx.extensions.peers()).value
    except PbxError:
        return ()

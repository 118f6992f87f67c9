"""/calls: who talks to whom right now."""

import asyncio
from typing import Any

from bot.access import Permission
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import Channel, PbxError
from handlers.command import Reply, Request, button, command
from handlers.live_calls import LiveCall, join_legs

PAGE = 10
SHOWN_CALLEES = 2


@command("calls", permission=Permission.CALLS, summary=mark("Who talks to whom right now"))
async def calls(request: Request) -> Reply:
    return Reply(await _list(request, 0))


@button("calls.show", permission=Permission.CALLS)
async def show(request: Request) -> Reply:
    return Reply(await _list(request, int(request.data["page"])))


async def _list(request: Request, page: int) -> Message:
    answer, channels = await asyncio.gather(request.station.pbx.calls.active(), _channels(request))
    found = join_legs(answer.value, channels)
    last = max(0, (len(found) - 1) // PAGE)
    page = min(page, last)
    facts = {
        "station": request.station.name,
        "now": request.now,
        "total": len(found),
        "calls": [_shown(request, call) for call in found[page * PAGE : (page + 1) * PAGE]],
        "unseen": not found and (answer.suspect or await _engine_is_silent(request)),
    }
    return Message("calls", facts, _buttons(page, last))


async def _channels(request: Request) -> tuple[Channel, ...]:
    """They name the trunks; without them the calls are shown all the same."""
    try:
        return (await request.station.pbx.calls.channels()).value
    except PbxError:
        return ()


async def _engine_is_silent(request: Request) -> bool:
    """An empty list of calls is no proof: a dead telephony engine gives one too, and quickly."""
    if request.station.watch.engine_is_silent:
        return True
    try:
        return not (await request.station.pbx.extensions.peers()).value and bool(request.station.watch.trunk_names)
    except PbxError:
        return False


def _shown(request: Request, call: LiveCall) -> dict[str, Any]:
    now = request.station.local(request.now)
    return {
        "caller": call.caller,
        "caller_name": call.caller_name,
        "callees": [{"number": number, "name": name} for number, name in call.callees[:SHOWN_CALLEES]],
        "more": max(0, len(call.callees) - SHOWN_CALLEES),
        "trunk": request.station.watch.trunk_names.get(call.trunk or ""),
        "talking": call.talking,
        "lasts": call.lasts(now),
        "suspicious": call.since if call.is_suspicious(now) else None,
    }


def _buttons(page: int, last: int) -> Rows:
    def to(label: str, target: int) -> Button:
        return Button(label, "calls.show", {"page": target})

    paging = [to("‹", page - 1)] if page > 0 else []
    paging += [to("›", page + 1)] if page < last else []
    return ((*paging, to(mark("↻ Refresh"), page)),)

"""/calls: active calls and their trunks."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bot.messages.masking import MIN_DIGITS
from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Channel, PbxError
from bot.sandbox.time_slices import matching
from bot.text.person_names import folded
from handlers.calls.active_calls import LiveCall, join_legs
from handlers.dialog import paging
from handlers.dialog.near_names import is_known, near_names
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

PAGE_SIZE = 10
MAX_CALLEES = 2


@command(
    "calls",
    topic=Topic.NOW,
    summary=mark("Who talks to whom right now, and through which trunk"),
    usage=mark("[extension | trunk]"),
    examples=("/calls", "/calls 202", "/calls Zadarma"),
)
async def calls(request: Request) -> Reply:
    return Reply(await _list(request, request.arguments.strip(), 0))


@button("calls.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request, str(request.data["wanted"]), int(request.data["page"])))


async def _list(request: Request, query: str, page: int) -> Message:
    answer, channels = await asyncio.gather(request.station.pbx.calls.active(), _channels(request))
    all_calls = join_legs(answer.value, channels)
    found = await matching(all_calls, lambda call: _matches(request, query, call)) if query else all_calls
    shown = paginate(found, page, PAGE_SIZE)
    is_unknown = bool(query) and not found and not _is_trunk(request, query) and not await is_known(request, query)
    near = await near_names(request, query) if is_unknown else ()
    facts = {
        "station": request.station.name,
        "now": request.now,
        "wanted": query,
        "unknown": is_unknown,
        "near": len(near),
        "total": len(found),
        "trunks": _by_trunk(request, found),
        "calls": [_call_facts(request, call) for call in shown.items],
        "unseen": not all_calls and (answer.suspect or await _asterisk_is_down(request)),
    }
    named = tuple((Button(one.name, "calls.show", {"wanted": one.number or one.name, "page": 0}),) for one in near)
    return Message("calls", facts, (*named, *_buttons(query, shown)))


def _is_trunk(request: Request, query: str) -> bool:
    return any(folded(query) in folded(name) for name in request.station.watch.trunk_names.values())


def _matches(request: Request, query: str, call: LiveCall) -> bool:
    trunk = request.station.watch.trunk_names.get(call.trunk or "", "")
    return folded(query) in folded(trunk) or call.involves(query)


def _by_trunk(request: Request, found: Sequence[LiveCall]) -> list[dict[str, Any]]:
    """Count calls per trunk, the busiest first; internal calls have none."""
    names = request.station.watch.trunk_names
    counts = Counter(names.get(call.trunk, call.trunk) for call in found if call.trunk)
    return [{"name": name, "calls": count} for name, count in counts.most_common()]


async def _channels(request: Request) -> tuple[Channel, ...]:
    """Return the channels, which map calls to trunks; empty on error, since calls are shown without trunks too."""
    try:
        return (await request.station.pbx.calls.channels()).value
    except PbxError:
        return ()


async def _asterisk_is_down(request: Request) -> bool:
    """Return True if Asterisk does not respond: the list of calls is then empty too, without an error."""
    if request.station.watch.asterisk_down:
        return True
    try:
        return not (await request.station.pbx.extensions.peers()).value and bool(request.station.watch.trunk_names)
    except PbxError:
        return False


def _call_facts(request: Request, call: LiveCall) -> dict[str, Any]:
    now = request.station.local(request.now)
    return {
        "caller": call.caller,
        # An outside caller with the number of an extension is not that employee.
        "caller_name": "" if call.from_outside and len(call.caller) < MIN_DIGITS else call.caller_name,
        "from_outside": call.from_outside,
        "callees": [{"number": number, "name": name} for number, name in call.callees[:MAX_CALLEES]],
        "more": max(0, len(call.callees) - MAX_CALLEES),
        "trunk": request.station.watch.trunk_names.get(call.trunk or ""),
        "talking": call.talking,
        "lasts": call.lasts(now),
        "suspicious": call.since if call.is_suspicious(now) else None,
    }


def _buttons(query: str, shown: Page[LiveCall]) -> Rows:
    here = {"wanted": query, "page": shown.number}
    refresh = Button(mark("↻ Refresh"), "calls.show", here)
    all_calls_button = [Button(mark("All calls"), "calls.show", {"wanted": "", "page": 0})] if query else []
    return (*paging.numbered_row(shown, "calls.show", here), (refresh, *all_calls_button))

"""/trunks: all trunks, the worst on top."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.detection.unreported_trunks import UnreportedTrunks
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import PbxError, TrunkRow, TrunkStatus
from handlers.dialog import paging
from handlers.dialog.near_names import near_trunks
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.trunks import card
from handlers.trunks.facts import ORDER, facts_of

PAGE_SIZE = 8


@command(
    "trunks",
    topic=Topic.TRUNKS,
    summary=mark("The trunks: health, host, round trip, since when"),
    usage=mark("[name]"),
    examples=("/trunks", "/trunks Zadarma"),
)
async def trunks(request: Request) -> Reply:
    if request.arguments:
        found = await find(request, request.arguments)
        return Reply(
            await card.details_view(request, found[0].id)
            if len(found) == 1
            else choice(request, found, request.arguments)
        )
    return Reply(await _list(request, 0))


@button("trunks.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request, int(request.data["page"])))


async def find(request: Request, name: str) -> list[TrunkStatus]:
    """Trunks that match best: by name or id in full, by the beginning of a word in the name, by a part of it, by a part
    of the login or the host."""
    query = name.strip().strip("\"'“”«»").casefold()
    answer, rows = await asyncio.gather(request.station.pbx.trunks.statuses(), _rows(request))
    all_trunks = _all(answer.value, rows)
    for matches in MATCHERS:
        if found := [trunk for trunk in all_trunks if matches(trunk, query)]:
            return found
    return []


MATCHERS: tuple[Callable[[TrunkStatus, str], bool], ...] = (
    lambda trunk, query: query in (trunk.name.casefold(), trunk.own_name.casefold(), trunk.id.casefold()),
    lambda trunk, query: f" {query}" in f" {trunk.name.casefold()}",
    lambda trunk, query: query in trunk.name.casefold(),
    lambda trunk, query: query in trunk.username.casefold() or query in trunk.host.casefold(),
)


def choice(request: Request, found: Sequence[TrunkStatus], written: str, action: str = "trunk.card") -> Message:
    """Answer to a name of no trunk, with the nearest, or of several, with a button for each."""
    names = {trunk.id: trunk.name for trunk in found[:PAGE_SIZE]}
    if not found:
        names = near_trunks(request, written)
    facts = {"station": request.station.name, "found": len(found), "near": len(names), "written": written}
    return Message("trunk_choice", facts, tuple((Button(name, action, {"id": id_}),) for id_, name in names.items()))


async def _list(request: Request, page: int) -> Message:
    answer, listed = await asyncio.gather(request.station.pbx.trunks.statuses(), _rows(request))
    kinds = {row.id: row.registration for row in listed}
    all_trunks = _all(answer.value, listed)
    rows = [facts_of(request, trunk) | {"registration": kinds.get(trunk.id, "")} for trunk in all_trunks]
    rows.sort(key=lambda row: (ORDER.index(row["health"]), row["name"]))
    shown = paginate(rows, page, PAGE_SIZE)
    facts = {
        "station": request.station.name,
        "now": request.now,
        "total": len(rows),
        "trunks": shown.items,
        "first": shown.first,
        **shown.facts(),
        "warnings": answer.warnings,
        "engine_is_silent": request.station.watch.asterisk_down,
    }
    return Message("trunks", facts, _buttons(shown))


def _all(reported: Mapping[str, TrunkStatus], listed: Sequence[TrunkRow]) -> list[TrunkStatus]:
    """Trunks whose state the PBX reports, and those that it only lists."""
    return list(UnreportedTrunks({row.id: row for row in listed}).all(reported).values())


async def _rows(request: Request) -> tuple[TrunkRow, ...]:
    """Rows of the list: the kind of registration, and trunks without a reported state. Empty on an error of the PBX."""
    try:
        return (await request.station.pbx.trunks.list()).value
    except PbxError:
        return ()


def _buttons(shown: Page[dict[str, Any]]) -> Rows:
    here = {"page": shown.number}
    detail_buttons = [
        Button(str(place), "trunk.card", {"id": row["id"], **here})
        for place, row in enumerate(shown.items, shown.first)
    ]
    page_row = paging.numbered_row(shown, "trunks.show")
    return (*grid(detail_buttons, PAGE_SIZE), *page_row, (Button(mark("↻ Refresh"), "trunks.show", here),))

"""/stations: all PBXs in scope, one line each, those with problems first."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from bot.incidents import silence
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import PbxError
from handlers.calls.active_calls import join_legs
from handlers.dialog import paging
from handlers.dialog.choose_station import station_button
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import StationScope, button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.dispatch.services import Station
from handlers.parsing.station_names import stations_named
from handlers.stations.summary import HEALTH_SIGNS, StationHealth, StationLine, in_order, line_of

T = TypeVar("T")

PAGE_SIZE = 10
# Timeout for a PBX's live figures, in seconds.
QUERY_TIMEOUT = 2.0
IN_A_ROW = 2


@command(
    "stations",
    topic=Topic.STATIONS,
    summary=mark("All PBXs at a glance, those with a problem first"),
    usage=mark("[words of the name]"),
    examples=("/stations", "/stations branch"),
    scope=StationScope.ALL,
)
async def stations(request: Request) -> Reply:
    return Reply(await _page(request, request.arguments.strip(), 0))


@button("stations.show", scope=StationScope.ALL)
async def show(request: Request) -> Reply:
    return Reply(await _page(request, str(request.data["words"]), int(request.data["page"])))


async def _page(request: Request, words: str, page: int) -> Message:
    """Render a page. Only the PBXs on it are queried, of up to 1,000; the rest is in memory."""
    incidents = await request.services.incidents.open_counts()
    in_scope = [
        station for name in request.candidates if name and (station := request.services.fleet.station(name)) is not None
    ]
    lines = in_order([line_of(station, incidents.get(station.name, 0)) for station in in_scope])
    found = [line for line in lines if line.matches(words)]
    near = _near(words, lines) if not found else []
    found = found or near
    shown = paginate(found, page, PAGE_SIZE)
    running = {station.name: station for station in in_scope}
    live = await asyncio.gather(*(_live(running[line.name]) for line in shown.items))
    silence_counts = [await _silence_count(request, line.name) for line in shown.items]
    facts = {
        "station": "",
        "total": len(lines),
        "troubled": sum(line.has_problem for line in lines),
        # Sign of the worst station, so that the title matches the lines.
        "sign": HEALTH_SIGNS[lines[0].health]
        if lines and lines[0].has_problem
        else HEALTH_SIGNS[StationHealth.HEALTHY],
        "words": words,
        "found": len(found),
        "near": bool(near),
        "rows": [
            line.facts() | figures | {"silenced": count}
            for line, figures, count in zip(shown.items, live, silence_counts, strict=True)
        ],
        **shown.facts(),
    }
    return Message("stations", facts, _buttons(shown, words, several=request.services.fleet.single_station is None))


def _near(words: str, lines: Sequence[StationLine]) -> list[StationLine]:
    """Return the lines whose name is nearly written."""
    named = stations_named(words, {line.name: line.title for line in lines}, lambda _written: False)
    return [line for line in lines if named and not named.remaining and line.name in named.stations]


def _buttons(shown: Page[StationLine], words: str, *, several: bool) -> Rows:
    status_buttons = [
        station_button("status", "", line.name, f"{HEALTH_SIGNS[line.health]} {line.title}")
        for line in shown.items
        if several and line.has_problem
    ]
    here = {"words": words, "page": shown.number}
    page_row = paging.numbered_row(shown, "stations.show", here)
    last = [Button(mark("↻ Refresh"), "stations.show", here)]
    if several:
        last.insert(0, Button(mark("🩺 Health"), "pbx.all", {"page": 0}))
    return (*grid(status_buttons, IN_A_ROW), *page_row, tuple(last))


async def _silence_count(request: Request, station: str) -> int:
    """Return the number of silences in force."""
    current = await request.services.silences.current(station)
    return sum(silence.in_force(one, request.now) for one in current)


async def _live(station: Station) -> dict[str, Any]:
    """Query live figures, with a timeout of QUERY_TIMEOUT seconds; a PBX with a known fault is not queried."""
    observation = station.watch.latest
    if observation is None or observation.trouble is not None:
        return {"online": None, "extensions": None, "calls": None}
    phones, calls = await asyncio.gather(
        _with_timeout(station.pbx.extensions.statuses()), _with_timeout(station.pbx.calls.active())
    )
    return {
        "online": None if phones is None else sum(bool(phone.online) for phone in phones.value.values()),
        "extensions": None if phones is None else len(phones.value),
        "calls": None if calls is None or calls.suspect else len(join_legs(calls.value)),
    }


async def _with_timeout(query: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(QUERY_TIMEOUT):
            return await query
    except (PbxError, TimeoutError):
        return None

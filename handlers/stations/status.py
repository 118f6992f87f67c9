"""/status: trunks, extensions, calls and incidents. Each part reports its own error."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from bot.detection.trunk_health import Health
from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Answer, CallLeg, ExtensionStatus, PbxError, TrunkStatus
from handlers.calls.active_calls import join_legs
from handlers.dialog import paging, pbx_errors
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.silences.facts import in_force
from handlers.stations import status_one
from handlers.trunks.facts import ORDER, UNCOUNTED, facts_of, statuses

T = TypeVar("T")

STALE_AFTER = timedelta(seconds=60)
# Timeout for the extensions, which can be slow, in seconds.
EXTENSIONS_TIMEOUT = 8.0
PAGE_SIZE = 25
MAX_OFFLINE = 8
MAX_SILENCED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Part of the status: a value or a problem."""

    value: Any = None
    problem: Mapping[str, Any] | None = None


@command(
    "status",
    topic=Topic.NOW,
    summary=mark("Trunks, extensions and calls right now"),
    usage=mark("[extension | trunk]"),
    examples=("/status", "/status 202", "/status Zadarma"),
)
async def status(request: Request) -> Reply:
    if query := request.arguments.strip():
        return Reply(await status_one.lookup(request, query))
    return Reply(await _render(request, "all", 0))


@button("status.view")
async def view(request: Request) -> Reply:
    return Reply(await _render(request, str(request.data["view"]), int(request.data["page"])))


async def _render(request: Request, view_name: str, page: int) -> Message:
    pbx = request.station.pbx
    asterisk_down = request.station.watch.asterisk_down
    trunks, extensions, calls, incidents, silenced = await asyncio.gather(
        _part(statuses(request)),
        # Without Asterisk this request takes the PBX a second for each extension.
        _part(_no_extensions() if asterisk_down else pbx.extensions.statuses(), EXTENSIONS_TIMEOUT),
        _part(pbx.calls.active()),
        request.station.incident_manager.open_count(),
        in_force(request),
    )
    extension_rows = _extension_rows(extensions)
    shown = paginate(extension_rows if view_name == "extensions" else (), page, PAGE_SIZE)
    facts: dict[str, Any] = {
        "station": request.station.name,
        "now": request.now,
        "view": view_name,
        "engine_is_silent": asterisk_down,
        "trunks": _trunk_facts(request, trunks),
        "extensions": _extension_facts(extensions, view_name, extension_rows, shown),
        "calls": _call_facts(calls),
        "incidents": incidents,
        "silenced": silenced[:MAX_SILENCED],
        "more_silenced": max(0, len(silenced) - MAX_SILENCED),
    }
    facts["one_problem"] = pbx_errors.is_same_error(facts["trunks"]["problem"], facts["extensions"]["problem"])
    return Message("status", facts, _buttons(view_name, shown))


def _buttons(view_name: str, shown: Page[dict[str, Any]]) -> Rows:
    def show(label: str, target: str, target_page: int = 0) -> Button:
        return Button(label, "status.view", {"view": target, "page": target_page})

    others = {
        "all": mark("Everything"),
        "offline": mark("Offline only"),
        "trunks": mark("Trunks"),
        "extensions": mark("Extensions"),
    }
    choices = tuple(show(label, target) for target, label in others.items() if target != view_name)
    page_row = paging.numbered_row(shown, "status.view", {"view": view_name})
    return (*page_row, (show(mark("↻ Refresh"), view_name, shown.number), choices[0]), choices[1:])


async def _no_extensions() -> Answer[dict[str, ExtensionStatus]]:
    return Answer({})


async def _part(query: Awaitable[Answer[T]], within: float | None = None) -> Part:
    try:
        async with asyncio.timeout(within):
            return Part(value=await query)
    except PbxError as error:
        return Part(problem=pbx_errors.describe(error))
    except TimeoutError:
        return Part(problem={"kind": "timed_out"})


def _trunk_facts(request: Request, part: Part) -> dict[str, Any]:
    if part.value is None:
        return {"problem": part.problem}
    answer: Answer[dict[str, TrunkStatus]] = part.value
    rows = sorted(
        (facts_of(request, trunk) for trunk in answer.value.values()),
        key=lambda row: (ORDER.index(row["health"]), row["name"]),
    )
    enabled = [row for row in rows if row["health"] not in UNCOUNTED]
    measured = min((t.last_update for t in answer.value.values() if t.last_update), default=None)
    pbx_now = answer.pbx_time or request.now
    stale = measured is not None and pbx_now - measured > STALE_AFTER
    return {
        "problem": None,
        "rows": rows,
        "enabled": len(enabled),
        "up": sum(row["health"] is Health.UP for row in enabled),
        "worst": rows[0]["health"] if enabled else None,
        "measured": measured if stale else None,
        "warnings": answer.warnings,
        "dialect": request.station.watch.dialect,
    }


def _extension_rows(part: Part) -> list[dict[str, Any]]:
    """Return extensions by number; none if the PBX does not list them."""
    if part.value is None:
        return []
    answer: Answer[dict[str, ExtensionStatus]] = part.value
    return sorted((_extension(e) for e in answer.value.values()), key=lambda row: (len(row["number"]), row["number"]))


def _extension_facts(
    part: Part, view_name: str, extension_rows: list[dict[str, Any]], page: Page[dict[str, Any]]
) -> dict[str, Any]:
    if part.value is None:
        return {"problem": part.problem}
    offline = [row for row in extension_rows if not row["online"]]
    shown: Sequence[dict[str, Any]] = {
        "all": offline[:MAX_OFFLINE],
        "offline": offline,
        "trunks": [],
        "extensions": page.items,
    }[view_name]
    return {
        "problem": None,
        "total": len(extension_rows),
        "online": len(extension_rows) - len(offline),
        "rows": shown,
        "more": len(offline) - len(shown) if view_name == "all" else 0,
    }


def _extension(status: ExtensionStatus) -> dict[str, Any]:
    return {"number": status.number, "name": status.name, "online": status.online}


def _call_facts(part: Part) -> dict[str, Any]:
    if part.value is None:
        return {"problem": part.problem}
    answer: Answer[tuple[CallLeg, ...]] = part.value
    if answer.suspect:
        return {"problem": {"kind": "calls_unseen"}}
    calls = join_legs(answer.value)
    talking = sum(call.talking for call in calls)
    return {"problem": None, "total": len(calls), "talking": talking, "ringing": len(calls) - talking}

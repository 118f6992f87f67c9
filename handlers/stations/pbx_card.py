"""/pbx: the health of one PBX on one card. Looking at it is a look of the health check, which tells what it finds."""

from typing import Any

from bot.detection.pbx_findings import Reading, findings
from bot.engine.checks.clock_drift import MAX_DRIFT
from bot.messages.message import Button, Message, mark
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic


@command(
    "pbx",
    topic=Topic.STATIONS,
    summary=mark("The PBX itself: release, disk, certificate, clock, bans, and what is wrong"),
    examples=("/pbx",),
)
async def pbx(request: Request) -> Reply:
    return Reply(await _card(request))


@button("pbx.show")
async def show(request: Request) -> Reply:
    return Reply(await _card(request))


async def _card(request: Request) -> Message:
    health = request.station.health
    reading = await health.look()
    certificate = health.certificate()
    is_away = request.station.watch.has_fault or bool(health.unanswered)
    facts: dict[str, Any] = {
        "station": request.station.name,
        "now": request.now,
        "is_away": is_away,
        "unanswered": sorted(health.unanswered),
        "release": reading.release,
        "dialect": str(reading.dialect) if reading.dialect else None,
        "newer": reading.newer_release,
        "behind": _behind(reading),
        "machine_started": None if is_away else health.machine_started,
        "disk": {"free_mb": reading.disk.free, "total_mb": reading.disk.total} if reading.disk else None,
        "certificate": certificate.not_after if certificate else None,
        "encrypted": request.station.pbx.is_encrypted,
        "off_by": round(reading.off_by.total_seconds()) if reading.off_by is not None else None,
        "max_drift": MAX_DRIFT,
        "bans": len(reading.bans) if reading.bans is not None else None,
        "lacks": sorted(health.lacks_rights),
        "findings": _findings(reading, request),
        "advice_known": reading.advice is not None,
    }
    row = [Button(mark("↻ Refresh"), "pbx.show", {})]
    if reading.bans:
        row.insert(0, Button(mark("🚫 Bans"), "bans.show", {"page": 0}))
    return Message("pbx", facts, (tuple(row),))


def _behind(reading: Reading) -> dict[str, Any] | None:
    found = reading.behind
    if found is None or not found.releases:
        return None
    return {"releases": found.releases, "security": found.security, "at_least": found.at_least}


def _findings(reading: Reading, request: Request) -> list[dict[str, Any]]:
    found = findings(reading, request.now)
    return [{"kind": str(one.kind), **one.facts, "url": request.station.pbx.page(one.page)} for one in found.values()]

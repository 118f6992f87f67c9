"""/pbx all: the health of all PBXs in scope, as their checks found it last. No PBX is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.config.known_releases import Version, version_of
from bot.detection.pbx_findings import Finding, Reading, findings
from bot.engine.checks.pbx_health import TOPICS
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx.releases import faults_of
from handlers.dialog import paging
from handlers.dialog.choose_station import station_button
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import StationScope, button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.dispatch.services import Station

PAGE_SIZE = 10
IN_A_ROW = 2
# Releases with a line of their own.
SHOWN_RELEASES = 8


@command(
    "pbx all",
    topic=Topic.STATIONS,
    summary=mark("Health of all PBXs: who runs which release, who is exposed, whose disk or certificate ends"),
    examples=("/pbx all",),
    aliases=("все", "всё"),
    scope=StationScope.ALL,
)
async def pbx_all(request: Request) -> Reply:
    return Reply(_page(request, 0))


@button("pbx.all", scope=StationScope.ALL)
async def show(request: Request) -> Reply:
    return Reply(_page(request, int(request.data["page"])))


@dataclass(frozen=True, slots=True)
class StationReading:
    """Last reading of one PBX, and what is found by it now; None where it was not looked at yet."""

    station: Station
    reading: Reading | None
    found: Sequence[Finding]

    @property
    def topics(self) -> list[str]:
        """Topics of what is found, each once."""
        return list(dict.fromkeys(TOPICS[one.kind] for one in self.found))

    @property
    def release(self) -> str:
        """Release, or the dialect where no release is told; "" if neither is known."""
        if self.reading is None:
            return ""
        return self.reading.release or (str(self.reading.dialect) if self.reading.dialect else "")


def _page(request: Request, page: int) -> Message:
    read = [_read(request, station) for name in request.candidates if name and (station := _station(request, name))]
    # Those with most to do first.
    troubled = sorted(
        (one for one in read if one.found), key=lambda one: (-len(one.topics), one.station.title.casefold())
    )
    shown = paginate(troubled, page, PAGE_SIZE)
    topics = Counter(topic for one in read for topic in one.topics)
    groups = _releases(read)
    facts = {
        "station": "",
        "total": len(read),
        "troubled": len(troubled),
        "unseen": sum(one.reading is None for one in read),
        "releases": groups[:SHOWN_RELEASES],
        "other_releases": sum(group["count"] for group in groups[SHOWN_RELEASES:]),
        "topics": {topic: topics[topic] for topic in dict.fromkeys(TOPICS.values())},
        "rows": [{"station": one.station.name, "release": one.release, "topics": one.topics} for one in shown.items],
        **shown.facts(),
    }
    return Message("pbx_fleet", facts, _buttons(shown))


def _station(request: Request, name: str) -> Station | None:
    return request.services.fleet.station(name)


def _read(request: Request, station: Station) -> StationReading:
    reading = station.health.latest
    return StationReading(station, reading, list(findings(reading, request.now).values()) if reading else [])


def _releases(read: Sequence[StationReading]) -> list[dict[str, Any]]:
    """Return how many PBXs run each release, the newest first; last those that tell neither release nor dialect."""
    counts: Counter[tuple[Version, str, bool, bool]] = Counter()
    for one in read:
        if one.reading is not None:
            exact = one.reading.release is not None
            bad = bool(faults_of(one.reading.releases, one.reading.release, one.reading.dialect))
            counts[version_of(one.release), one.release, exact, bad] += 1
    return [
        {"release": release, "exact": exact, "bad": bad, "count": count}
        for (_, release, exact, bad), count in sorted(counts.items(), reverse=True)
    ]


def _buttons(shown: Page[StationReading]) -> Rows:
    cards = [station_button("pbx", "", one.station.name, f"🩺 {one.station.title}") for one in shown.items]
    refresh = Button(mark("↻ Refresh"), "pbx.all", {"page": shown.number})
    return (*grid(cards, IN_A_ROW), *paging.numbered_row(shown, "pbx.all"), (refresh,))

"""/stations: summary of all PBXs."""

import asyncio
import time
from datetime import UTC, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.access.policy import Grant
from bot.detection.observation import Observation, StationFault
from bot.detection.trunk_health import Health
from bot.incidents.model import Kind
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.messages.renderer import Renderer
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.tables.incidents import Incident
from handlers import CATALOGUE
from handlers.stations import stations
from tests.handlers.dispatcher_harness import DispatcherHarness
from tests.handlers.update_factory import NOW

ROOT, ALICE = 1, 11
SEEN = NOW - timedelta(seconds=20)


class Pbx:
    """Returns the numbers of phones and calls; with `slow` it never answers."""

    def __init__(self, *, slow: bool = False) -> None:
        self.wait_seconds, self.asked, self._slow = 0.0, 0, slow
        self.extensions = SimpleNamespace(statuses=self._statuses)
        self.calls = SimpleNamespace(active=self._active)

    async def _statuses(self) -> Any:
        self.asked += 1
        if self._slow:
            await asyncio.Event().wait()
        phones = [SimpleNamespace(online=True), SimpleNamespace(online=False)]
        return SimpleNamespace(value=dict(enumerate(phones)), suspect=False)

    async def _active(self) -> Any:
        if self._slow:
            await asyncio.Event().wait()
        return SimpleNamespace(value=(), suspect=False)


def sees(
    harness: DispatcherHarness, name: str, *health: Health, trouble: StationFault | None = None, slow: bool = False
) -> Pbx:
    trunks: Any = {str(i): SimpleNamespace(health=one) for i, one in enumerate(health)}
    station = harness.running[name]
    sight = Observation(SEEN, trouble=trouble) if trouble else Observation(SEEN, trunks=trunks)
    station.watch = SimpleNamespace(latest=sight, last_good=SEEN)
    station.pbx = pbx = Pbx(slow=slow)
    return pbx


def fleet_of(
    database: Database, *names: str, grants: tuple[Grant, ...] = (Grant(ROOT, "viewer"),)
) -> DispatcherHarness:
    harness = DispatcherHarness(database, stations=names, grants=grants)
    harness.catalogue.commands["stations"] = CATALOGUE.commands["stations"]
    harness.catalogue.commands["status"] = CATALOGUE.commands["status"]
    for name in ("stations.show", "station.choose"):
        harness.catalogue.buttons[name] = CATALOGUE.buttons[name]
    for name in names:
        sees(harness, name, Health.UP)
    return harness


class Titles:
    several = True

    def title(self, name: str) -> str:
        return name.title()

    def country(self, name: str) -> str:
        return ""


TITLED = Renderer("en", stations=Titles())


def shown(harness: DispatcherHarness) -> list[str]:
    return [f"{row['sign']} {row['name']}" for row in harness.chat.shown[-1].facts["rows"]]


def text(harness: DispatcherHarness) -> str:
    message = harness.chat.shown[-1]
    return TITLED.text(message.template, message.facts, zone=UTC, now=NOW)


async def incident(harness: DispatcherHarness, station: str, kind: Kind = Kind.TRUNK_DOWN) -> None:
    with harness.database.begin() as session:
        session.add(
            Incident(
                station=station,
                subject="SIP-1",
                open_key=f"{station}:SIP-1",
                kind=str(kind),
                facts={},
                began_at=NOW,
                opened_at=NOW,
                version=1,
            )
        )


async def test_the_worst_come_first_then_by_title(database: Database) -> None:
    fleet = fleet_of(database, "delta", "acme", "corp", "baker", "eagle")
    sees(fleet, "delta", trouble=StationFault.UNREACHABLE)
    sees(fleet, "corp", Health.UP, Health.DOWN)
    await incident(fleet, "baker")
    await fleet.types("/stations", ROOT, ROOT)
    assert shown(fleet) == ["🔴 delta", "🟡 baker", "🟡 corp", "🟢 acme", "🟢 eagle"]
    lines = text(fleet).splitlines()
    assert lines[0] == "🔴 <b>3 of 5 PBXs have a problem</b>"
    assert "🔴 <b>Delta</b> <code>delta</code> · trunks ? of ? · phones ? of ? · calls ? · 20 s ago" in lines
    assert "🟡 <b>Corp</b> <code>corp</code> · trunks 1 of 2 · phones 1 of 2 · calls 0 · 20 s ago" in lines
    assert any("🔔 1" in line and "Baker" in line for line in lines)


async def test_the_headline_is_no_worse_than_the_worst_line(database: Database) -> None:
    fleet = fleet_of(database, "acme", "baker")
    await incident(fleet, "baker")
    await fleet.types("/stations", ROOT, ROOT)
    assert text(fleet).splitlines()[0] == "🟡 <b>1 of 2 PBXs have a problem</b>"


async def test_a_rehearsal_is_no_problem(database: Database) -> None:
    fleet = fleet_of(database, "acme", "baker")
    await incident(fleet, "baker", Kind.REHEARSAL)
    await fleet.types("/stations", ROOT, ROOT)
    assert text(fleet).splitlines()[0] == "🟢 <b>No PBX has a problem · 2</b>"
    assert "🔔" not in text(fleet)


async def test_what_is_muted_is_shown_though_all_is_well(database: Database) -> None:
    fleet = fleet_of(database, "acme", "baker")
    silences = Silences(database, lambda: NOW, Signal())
    await silences.mute(SilenceRequest("baker", "SIP-1", "Zadarma", ROOT, "Root", ""), NOW, NOW + timedelta(hours=1))
    await fleet.types("/stations", ROOT, ROOT)
    (line,) = (line for line in text(fleet).splitlines() if "🔕" in line)
    assert "🟢 <b>Baker</b>" in line


async def test_who_has_a_role_at_one_sees_that_one(database: Database) -> None:
    fleet = fleet_of(database, "acme", "baker", grants=(Grant(ALICE, "viewer", "baker"),))
    await fleet.types("/stations", ALICE, ALICE)
    assert shown(fleet) == ["🟢 baker"]
    await fleet.types("/stations acme", ALICE, ALICE)
    assert shown(fleet) == []


async def test_a_button_leads_to_each_that_is_troubled(database: Database) -> None:
    fleet = fleet_of(database, "acme", "baker")
    sees(fleet, "baker", Health.DOWN)
    fleet.offers("status", "status.read")
    await fleet.types("/stations", ROOT, ROOT)
    await fleet.presses(fleet.chat.keyboards[-1], ROOT, ROOT, "0:0")
    assert [request.station.name for request in fleet.done] == ["baker"]


async def test_the_list_is_turned_where_it_stands_for_whoever_turns_it(database: Database) -> None:
    names = tuple(f"pbx{number:02}" for number in range(12))
    fleet = fleet_of(database, *names, grants=(Grant(ROOT, "viewer"), Grant(ALICE, "viewer", "pbx11")))
    await fleet.types("/stations", ROOT, ROOT)
    assert len(shown(fleet)) == stations.PAGE_SIZE
    await fleet.presses(fleet.chat.keyboards[-1], ROOT, ROOT, "0:0")
    assert shown(fleet) == ["🟢 pbx10", "🟢 pbx11"]
    assert fleet.chat.edited == ["stations"]


async def test_who_does_not_answer_in_time_is_a_question_mark(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stations, "QUERY_TIMEOUT", 0.01)
    fleet = fleet_of(database, "acme", "baker")
    sees(fleet, "baker", Health.UP, slow=True)
    await fleet.types("/stations", ROOT, ROOT)
    assert [row["calls"] for row in fleet.chat.shown[-1].facts["rows"]] == [0, None]


async def test_of_a_thousand_only_those_that_are_shown_are_asked(database: Database) -> None:
    names = tuple(f"pbx{number:04}" for number in range(1000))
    customers = tuple(Grant(10_000 + i, "viewer", name) for i, name in enumerate(names))
    fleet = fleet_of(database, *names, grants=(Grant(ROOT, "viewer"), *customers))
    began = time.process_time()
    await fleet.types("/stations", ROOT, ROOT)
    # Processor seconds, far more than needed: the time must not grow with the square of the fleet.
    assert time.process_time() - began < 2
    assert sum(station.pbx.asked for name, station in fleet.running.items() if name) == stations.PAGE_SIZE
    assert fleet.chat.shown[-1].facts["total"] == 1000

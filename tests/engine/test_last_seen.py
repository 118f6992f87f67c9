"""Last poll of each station: stored for all at once, and never over a newer time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot.detection.trunk_machine import Policy
from bot.engine.incident_manager import load_all_states
from bot.engine.last_seen import LastSeenWriter
from bot.engine.trunk_monitor import TrunkMonitor
from bot.store.database import Database
from bot.store.tables.incidents import WatchState
from tests.incident_harness.incident_ledger import ManagerHarness
from tests.incident_harness.pbx import STATION
from tests.incident_harness.station import DEAD, START, UP, Clock, FakePbx

LATER = START + timedelta(seconds=60)


@pytest.fixture
def manager(database: Database) -> ManagerHarness:
    return ManagerHarness(database)


async def stored(database: Database, station: str = STATION, subject: str = "") -> dict[str, Any] | None:
    with database.begin() as session:
        row = session.get(WatchState, (station, subject))
        return row.state if row is not None else None


async def test_all_that_waits_is_written_in_one_transaction(database: Database) -> None:
    last_seen = LastSeenWriter(database)
    with database.begin() as session:
        for number in range(100):
            session.add(WatchState(station=f"{number}", subject="", state={"looked": 1}, updated_at=START))
    for number in range(100):
        last_seen.enqueue(f"{number}", "", {"looked": 2}, START)
        last_seen.enqueue(f"{number}", "", {"looked": 3}, LATER)
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    await last_seen.write()
    await last_seen.write()
    assert len(commits) == 1
    with database.begin() as session:
        rows = list(session.execute(select(WatchState)).scalars())
    assert [(row.state, row.updated_at) for row in rows] == [({"looked": 3}, LATER)] * 100


async def test_what_was_forgotten_meanwhile_does_not_come_back(database: Database) -> None:
    last_seen = LastSeenWriter(database)
    last_seen.enqueue(STATION, "", {"looked": 1}, START)
    await last_seen.write()
    assert await stored(database) is None


async def test_what_happened_is_not_overwritten_by_an_older_look(manager: ManagerHarness) -> None:
    await manager.incident_manager.record({"": {"looked": 1}}, [], START)
    manager.incident_manager.touch("", {"looked": 2}, START)
    await manager.incident_manager.record({"": {"trouble": "unreachable"}}, [], LATER)
    await manager.last_seen.write()
    assert await stored(manager.database) == {"trouble": "unreachable"}
    manager.incident_manager.touch("", {"looked": 3}, LATER)
    await asyncio.gather(
        manager.last_seen.write(), manager.incident_manager.record({"": {"trouble": "blocked"}}, [], LATER)
    )
    await manager.last_seen.write()
    assert await stored(manager.database) == {"trouble": "blocked"}


async def test_at_the_end_of_the_program_what_waits_is_written(manager: ManagerHarness) -> None:
    await manager.incident_manager.record({"": {"looked": 1}}, [], START)
    stop = asyncio.Event()
    running = asyncio.create_task(manager.last_seen.run(stop))
    manager.incident_manager.touch("", {"looked": 2}, START)
    stop.set()
    await running
    assert await stored(manager.database) == {"looked": 2}


async def test_a_healthy_station_writes_nothing_by_itself_and_one_in_trouble_at_once(manager: ManagerHarness) -> None:
    clock = Clock()
    pbx = FakePbx(clock)
    pbx.shows("zadarma", UP)
    watch = TrunkMonitor(STATION, pbx, manager.incident_manager, Policy(), clock)  # type: ignore[arg-type]
    for _ in range(3):
        await watch.run_once()
        clock.pass_(10)
    commits: list[object] = []
    event.listen(manager.database._engine, "commit", commits.append)
    for _ in range(60):
        await watch.run_once()
        clock.pass_(10)
    assert commits == []
    await manager.last_seen.write()
    state = await stored(manager.database)
    assert state is not None
    assert state["looked_at"] >= (clock.now - timedelta(seconds=70)).isoformat()[:19]
    pbx.shows("zadarma", DEAD)
    for _ in range(6):
        await watch.run_once()
        clock.pass_(10)
    assert [one.subject for one in await manager.incidents()] == ["zadarma"]


async def test_all_stations_take_up_what_they_remembered_at_one_question(manager: ManagerHarness) -> None:
    clock = Clock()
    pbx = FakePbx(clock)
    pbx.shows("zadarma", UP)
    before = TrunkMonitor(STATION, pbx, manager.incident_manager, Policy(), clock)  # type: ignore[arg-type]
    await before.run_once()
    with manager.database.begin() as session:
        session.add(WatchState(station="Tver", subject="mango", state={"looked": 1}, updated_at=START))
    states = await load_all_states(manager.database)
    assert states["Tver"] == {"mango": {"looked": 1}}
    assert states[STATION] == await manager.incident_manager.load_states()
    after = TrunkMonitor(STATION, pbx, manager.incident_manager, Policy(), clock)  # type: ignore[arg-type]
    after.load_states(states[STATION])
    assert after.is_confirmed
    assert after.trunk_names == before.trunk_names

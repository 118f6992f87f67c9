"""Ticker: due steps run once, late rather than never, and never on an outdated state."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.engine.incident_manager import RETRY_AFTER
from bot.engine.ticker import Ticker
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.tables.incidents import Incident
from tests.incident_harness.incident_ledger import ManagerHarness
from tests.incident_harness.pbx import ANNA, BORIS, STATION, VERA

TEN = timedelta(minutes=10)


@pytest.fixture
async def manager(database: Database) -> ManagerHarness:
    manager = ManagerHarness(database)
    await manager.meets_everybody()
    manager.on_call.levels = [[ANNA, BORIS, VERA]]
    return manager


def ticker(manager: ManagerHarness, *, is_sure: bool = True) -> Ticker:
    clock = Ticker(manager.database, lambda: manager.now)
    clock.add(STATION, manager.incident_manager, SimpleNamespace(is_confirmed=is_sure))
    return clock


async def told(manager: ManagerHarness) -> list[int]:
    """Return the recipients of private messages, in order."""
    return [row.chat_id for row in await manager.owed() if row.action == "send" and row.chat_id > 0]


async def test_what_was_due_while_nobody_looked_is_done_once(manager: ManagerHarness) -> None:
    await manager.opens()
    manager.passes(5 * 3600)
    clock = ticker(manager)
    assert await clock.tick()
    assert not await clock.tick()
    assert await told(manager) == [ANNA, BORIS]
    assert (await manager.incident()).due_at == manager.now + TEN


async def test_nothing_is_done_before_it_is_due(manager: ManagerHarness) -> None:
    await manager.opens()
    manager.passes(599)
    assert not await ticker(manager).tick()
    manager.passes(1)
    assert await ticker(manager).tick()


async def test_nothing_is_done_while_nobody_can_be_sure_of_it(manager: ManagerHarness) -> None:
    await manager.opens()
    manager.passes(3600)
    clock = ticker(manager, is_sure=False)
    assert not await clock.tick()
    assert await told(manager) == [ANNA]
    assert clock.last_tick == manager.now


async def test_what_could_not_be_done_stays_due(manager: ManagerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    await manager.opens()
    manager.passes(600)
    clock = ticker(manager)

    async def refuse(now: datetime) -> bool:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(manager.incident_manager, "tick", refuse)
        assert not await clock.tick()
    assert clock.last_tick is None
    manager.passes(1)
    assert await clock.tick()
    assert clock.last_tick == manager.now
    assert await told(manager) == [ANNA, BORIS]


async def test_a_silence_that_could_not_be_heeded_is_heeded_later(
    manager: ManagerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    heeded: list[datetime] = []

    async def reconsider(now: datetime) -> None:
        if not heeded:
            heeded.append(now)
            raise OSError("disk full")
        heeded.append(now)

    await manager.opens()
    monkeypatch.setattr(manager.incident_manager, "reconsider", reconsider)
    clock = ticker(manager)
    for _ in range(3):
        await clock.tick()
    assert len(heeded) == 2
    clock.silences_changed(STATION)
    await clock.tick()
    assert len(heeded) == 3


async def test_an_incident_that_cannot_be_done_holds_up_no_other(manager: ManagerHarness) -> None:
    broken = await manager.opens("t1")
    manager.passes(60)
    await manager.opens("t2")
    with manager.database.begin() as session:
        change = update(Incident).where(Incident.id == broken)
        session.execute(change.values(facts={"asked": 5}, version=Incident.version + 1))
    manager.passes(600)
    await manager.tick()
    first, second = await manager.incidents()
    assert (first.step, first.due_at) == (1, manager.now + RETRY_AFTER)
    assert second.step == 2
    with manager.database.begin() as session:
        session.execute(update(Incident).where(Incident.id == broken).values(facts={}))
    manager.passes(RETRY_AFTER.total_seconds())
    await manager.tick()
    assert [one.step for one in await manager.incidents()] == [2, 2]


async def test_who_decided_from_an_older_state_does_nothing(manager: ManagerHarness) -> None:
    number = await manager.opens()
    manager.passes(600)
    stale = await manager.incident()
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    last = await manager.arrives()
    with manager.database.begin() as session:
        manager.incident_manager._run_or_postpone(session, stale, manager.now)
    assert await manager.owed(since=last) == []
    assert (await manager.incident()).step == 1


async def test_two_programs_over_one_store_tell_nobody_twice(store_file: Path) -> None:
    stores = [Database(f"sqlite:///{store_file}") for _ in range(2)]
    programs = [ManagerHarness(database) for database in stores]
    for manager in programs:
        manager.on_call.levels = [[ANNA, BORIS, VERA]]
    first, second = programs
    try:
        for number in range(3):
            await first.opens(f"t{number}")
        for _ in range(2):
            for manager in programs:
                manager.passes(600)
            await asyncio.gather(first.incident_manager.tick(first.now), second.incident_manager.tick(second.now))
        escalated = [one.facts["step"] for one in await first.chain() if one.what == "escalated"]
        assert escalated == [2, 2, 2, 3, 3, 3]
        assert await told(first) == [ANNA, BORIS, VERA]
    finally:
        for database in stores:
            await database.close()


async def test_it_does_what_is_due_at_once_when_it_is_woken_and_ends_when_it_is_asked_to(
    manager: ManagerHarness,
) -> None:
    clock, stop = ticker(manager), asyncio.Event()
    running = asyncio.create_task(clock.run(stop))
    await asyncio.sleep(0.01)
    await manager.opens()
    manager.passes(600)
    clock.wake()
    async with asyncio.timeout(30):
        while await told(manager) != [ANNA, BORIS]:  # noqa: ASYNC110 (polls the database)
            await asyncio.sleep(0.005)
        stop.set()
        clock.wake()
        await running


async def test_a_window_that_begins_during_an_outage_holds_it_within_a_minute(manager: ManagerHarness) -> None:
    await manager.opens()
    clock = ticker(manager)
    await clock.tick()
    begins = manager.now + timedelta(minutes=5)
    silences = Silences(manager.database, lambda: manager.now, Signal())
    wish = SilenceRequest(STATION, "*", "everything", ANNA, "Anna", "new router")
    await silences.plan(wish, begins, begins + timedelta(hours=1))
    manager.passes(4 * 60)
    await clock.tick()
    assert (await manager.incident()).held_by == ""
    manager.passes(2 * 60)
    await clock.tick()
    assert (await manager.incident()).held_by == "maintenance"


class Neighbour:
    """Incident manager of another station, scripted."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.ticks: list[datetime] = []
        self.reconsidered: list[datetime] = []

    async def tick(self, now: datetime) -> bool:
        self.ticks.append(now)
        if self.fails:
            raise OperationalError("update", None, OSError("disk full"))
        return False

    async def reconsider(self, now: datetime) -> None:
        self.reconsidered.append(now)


NEIGHBOUR = "A station"


async def beside(manager: ManagerHarness, neighbour: Neighbour, *, opens: bool = True) -> Ticker:
    """Add a second station, first in order, with a due incident."""
    if opens:
        with manager.database.begin() as session:
            session.add(
                Incident(
                    station=NEIGHBOUR,
                    subject="t1",
                    open_key=f"{NEIGHBOUR}|t1",
                    kind="trunk_down",
                    facts={},
                    began_at=manager.now,
                    opened_at=manager.now,
                    due_at=manager.now,
                )
            )
    clock = ticker(manager)
    clock.add(NEIGHBOUR, neighbour)  # type: ignore[arg-type]
    return clock


async def test_a_station_at_which_nothing_is_due_is_not_asked(manager: ManagerHarness) -> None:
    neighbour = Neighbour()
    clock = await beside(manager, neighbour, opens=False)
    await manager.opens()
    manager.passes(600)
    assert await clock.tick()
    assert (neighbour.ticks, neighbour.reconsidered) == ([], [])


async def test_a_station_that_cannot_be_done_holds_up_no_other(manager: ManagerHarness) -> None:
    await manager.opens()
    manager.passes(600)
    neighbour = Neighbour(fails=True)
    clock = await beside(manager, neighbour)
    assert await clock.tick()
    assert await told(manager) == [ANNA, BORIS]
    assert clock.last_tick is None
    neighbour.fails = False
    await clock.tick()
    assert clock.last_tick == manager.now
    assert len(neighbour.ticks) == 2


async def test_of_a_station_that_nobody_can_be_sure_of_the_silences_are_heeded_once_somebody_is(
    manager: ManagerHarness,
) -> None:
    neighbour, watch = Neighbour(), SimpleNamespace(is_confirmed=False)
    clock = await beside(manager, neighbour)
    clock.add(NEIGHBOUR, neighbour, watch)  # type: ignore[arg-type]
    await clock.tick()
    assert (neighbour.ticks, neighbour.reconsidered) == ([], [])
    watch.is_confirmed = True
    await clock.tick()
    assert neighbour.reconsidered == [manager.now]


async def test_silences_of_one_station_concern_no_other(manager: ManagerHarness) -> None:
    neighbour = Neighbour()
    clock = await beside(manager, neighbour)
    await clock.tick()
    manager.passes(1)
    clock.silences_changed(STATION)
    await clock.tick()
    assert len(neighbour.reconsidered) == 1
    clock.silences_changed(NEIGHBOUR)
    await clock.tick()
    assert len(neighbour.reconsidered) == 2


async def test_a_station_that_was_removed_is_left_alone(manager: ManagerHarness) -> None:
    neighbour = Neighbour()
    clock = await beside(manager, neighbour)
    clock.remove(NEIGHBOUR)
    assert not await clock.tick()
    clock.silences_changed(NEIGHBOUR)
    assert not await clock.tick()
    assert neighbour.ticks == []

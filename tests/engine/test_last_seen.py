"""Last poll of each station: stored for all at once, and never over a newer time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot.detection.trunk_machine import Policy
from bot.engine.incident_manager import remembered_everywhere
from bot.engine.last_seen import Recency
from bot.engine.trunk_monitor import Watch
from bot.store.database import Store
from bot.store.tables.incidents import WatchState
from tests.incident_harness.incident_ledger import Books
from tests.incident_harness.pbx import STATION
from tests.incident_harness.station import DEAD, START, UP, Clock, FakePbx

LATER = START + timedelta(seconds=60)


@pytest.fixture
def books(store: Store) -> Books:
    return Books(store)


async def stored(store: Store, station: str = STATION, subject: str = "") -> dict[str, Any] | None:
    async with store.begin() as session:
        row = await session.get(WatchState, (station, subject))
        return row.state if row is not None else None


async def test_all_that_waits_is_written_in_one_transaction(store: Store) -> None:
    recency = Recency(store)
    async with store.begin() as session:
        for number in range(100):
            session.add(WatchState(station=f"{number}", subject="", state={"looked": 1}, updated_at=START))
    for number in range(100):
        recency.note(f"{number}", "", {"looked": 2}, START)
        recency.note(f"{number}", "", {"looked": 3}, LATER)
    commits: list[object] = []
    event.listen(store._engine.sync_engine, "commit", commits.append)
    await recency.write()
    await recency.write()
    assert len(commits) == 1
    async with store.begin() as session:
        rows = list((await session.execute(select(WatchState))).scalars())
    assert [(row.state, row.updated_at) for row in rows] == [({"looked": 3}, LATER)] * 100


async def test_what_was_forgotten_meanwhile_does_not_come_back(store: Store) -> None:
    recency = Recency(store)
    recency.note(STATION, "", {"looked": 1}, START)
    await recency.write()
    assert await stored(store) is None


async def test_what_happened_is_not_overwritten_by_an_older_look(books: Books) -> None:
    await books.ledger.apply({"": {"looked": 1}}, [], START)
    books.ledger.note_look("", {"looked": 2}, START)
    await books.ledger.apply({"": {"trouble": "unreachable"}}, [], LATER)
    await books.recency.write()
    assert await stored(books.store) == {"trouble": "unreachable"}
    books.ledger.note_look("", {"looked": 3}, LATER)
    await asyncio.gather(books.recency.write(), books.ledger.apply({"": {"trouble": "blocked"}}, [], LATER))
    await books.recency.write()
    assert await stored(books.store) == {"trouble": "blocked"}


async def test_at_the_end_of_the_program_what_waits_is_written(books: Books) -> None:
    await books.ledger.apply({"": {"looked": 1}}, [], START)
    stop = asyncio.Event()
    running = asyncio.create_task(books.recency.run(stop))
    books.ledger.note_look("", {"looked": 2}, START)
    stop.set()
    await running
    assert await stored(books.store) == {"looked": 2}


async def test_a_healthy_station_writes_nothing_by_itself_and_one_in_trouble_at_once(books: Books) -> None:
    clock = Clock()
    pbx = FakePbx(clock)
    pbx.shows("zadarma", UP)
    watch = Watch(STATION, pbx, books.ledger, Policy(), clock)  # type: ignore[arg-type]
    for _ in range(3):
        await watch.turn()
        clock.pass_(10)
    commits: list[object] = []
    event.listen(books.store._engine.sync_engine, "commit", commits.append)
    for _ in range(60):
        await watch.turn()
        clock.pass_(10)
    assert commits == []
    await books.recency.write()
    state = await stored(books.store)
    assert state is not None
    assert state["looked_at"] >= (clock.now - timedelta(seconds=70)).isoformat()[:19]
    pbx.shows("zadarma", DEAD)
    for _ in range(6):
        await watch.turn()
        clock.pass_(10)
    assert [one.subject for one in await books.incidents()] == ["zadarma"]


async def test_all_stations_take_up_what_they_remembered_at_one_question(books: Books) -> None:
    clock = Clock()
    pbx = FakePbx(clock)
    pbx.shows("zadarma", UP)
    before = Watch(STATION, pbx, books.ledger, Policy(), clock)  # type: ignore[arg-type]
    await before.turn()
    async with books.store.begin() as session:
        session.add(WatchState(station="Tver", subject="mango", state={"looked": 1}, updated_at=START))
    states = await remembered_everywhere(books.store)
    assert states["Tver"] == {"mango": {"looked": 1}}
    assert states[STATION] == await books.ledger.remembered()
    after = Watch(STATION, pbx, books.ledger, Policy(), clock)  # type: ignore[arg-type]
    after.take_up(states[STATION])
    assert after.is_sure
    assert after.trunk_names == before.trunk_names

"""Ticker: due steps run once, late rather than never, and never on an outdated state."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.engine.incident_manager import AGAIN_AFTER
from bot.engine.ticker import Ticker
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.runtime.waiting import Signal
from bot.store.database import Store
from bot.store.tables.incidents import Incident
from tests.incident_harness.incident_ledger import Books
from tests.incident_harness.pbx import ANNA, BORIS, STATION, VERA

TEN = timedelta(minutes=10)


@pytest.fixture
async def books(store: Store) -> Books:
    books = Books(store)
    await books.meets_everybody()
    books.on_call.levels = [[ANNA, BORIS, VERA]]
    return books


def ticker(books: Books, *, is_sure: bool = True) -> Ticker:
    clock = Ticker(books.store, lambda: books.now)
    clock.add(STATION, books.incident_manager, SimpleNamespace(is_confirmed=is_sure))
    return clock


async def told(books: Books) -> list[int]:
    """Return the recipients of private messages, in order."""
    return [row.chat_id for row in await books.owed() if row.action == "send" and row.chat_id > 0]


async def test_what_was_due_while_nobody_looked_is_done_once(books: Books) -> None:
    await books.opens()
    books.passes(5 * 3600)
    clock = ticker(books)
    assert await clock.tick()
    assert not await clock.tick()
    assert await told(books) == [ANNA, BORIS]
    assert (await books.incident()).due_at == books.now + TEN


async def test_nothing_is_done_before_it_is_due(books: Books) -> None:
    await books.opens()
    books.passes(599)
    assert not await ticker(books).tick()
    books.passes(1)
    assert await ticker(books).tick()


async def test_nothing_is_done_while_nobody_can_be_sure_of_it(books: Books) -> None:
    await books.opens()
    books.passes(3600)
    clock = ticker(books, is_sure=False)
    assert not await clock.tick()
    assert await told(books) == [ANNA]
    assert clock.last_tick == books.now


async def test_what_could_not_be_done_stays_due(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.opens()
    books.passes(600)
    clock = ticker(books)

    async def refuse(now: datetime) -> bool:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(books.incident_manager, "tick", refuse)
        assert not await clock.tick()
    assert clock.last_tick is None
    books.passes(1)
    assert await clock.tick()
    assert clock.last_tick == books.now
    assert await told(books) == [ANNA, BORIS]


async def test_a_silence_that_could_not_be_heeded_is_heeded_later(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    heeded: list[datetime] = []

    async def reconsider(now: datetime) -> None:
        if not heeded:
            heeded.append(now)
            raise OSError("disk full")
        heeded.append(now)

    await books.opens()
    monkeypatch.setattr(books.incident_manager, "reconsider", reconsider)
    clock = ticker(books)
    for _ in range(3):
        await clock.tick()
    assert len(heeded) == 2
    clock.silences_changed(STATION)
    await clock.tick()
    assert len(heeded) == 3


async def test_an_incident_that_cannot_be_done_holds_up_no_other(books: Books) -> None:
    broken = await books.opens("t1")
    books.passes(60)
    await books.opens("t2")
    async with books.store.begin() as session:
        change = update(Incident).where(Incident.id == broken)
        await session.execute(change.values(facts={"asked": 5}, version=Incident.version + 1))
    books.passes(600)
    await books.tick()
    first, second = await books.incidents()
    assert (first.step, first.due_at) == (1, books.now + AGAIN_AFTER)
    assert second.step == 2
    async with books.store.begin() as session:
        await session.execute(update(Incident).where(Incident.id == broken).values(facts={}))
    books.passes(AGAIN_AFTER.total_seconds())
    await books.tick()
    assert [one.step for one in await books.incidents()] == [2, 2]


async def test_who_decided_from_an_older_state_does_nothing(books: Books) -> None:
    number = await books.opens()
    books.passes(600)
    stale = await books.incident()
    await books.incident_manager.acknowledge(number, ANNA, "Anna", books.now)
    last = await books.arrives()
    async with books.store.begin() as session:
        await books.incident_manager._do_or_put_off(session, stale, books.now)
    assert await books.owed(since=last) == []
    assert (await books.incident()).step == 1


async def test_two_programs_over_one_store_tell_nobody_twice(store_file: Path) -> None:
    stores = [Store(f"sqlite:///{store_file}") for _ in range(2)]
    programs = [Books(store) for store in stores]
    for books in programs:
        books.on_call.levels = [[ANNA, BORIS, VERA]]
    first, second = programs
    try:
        for number in range(3):
            await first.opens(f"t{number}")
        for _ in range(2):
            for books in programs:
                books.passes(600)
            await asyncio.gather(first.incident_manager.tick(first.now), second.incident_manager.tick(second.now))
        escalated = [one.facts["step"] for one in await first.chain() if one.what == "escalated"]
        assert escalated == [2, 2, 2, 3, 3, 3]
        assert await told(first) == [ANNA, BORIS, VERA]
    finally:
        for store in stores:
            await store.close()


async def test_it_does_what_is_due_at_once_when_it_is_woken_and_ends_when_it_is_asked_to(books: Books) -> None:
    clock, stop = ticker(books), asyncio.Event()
    running = asyncio.create_task(clock.run(stop))
    await asyncio.sleep(0.01)
    await books.opens()
    books.passes(600)
    clock.wake()
    async with asyncio.timeout(5):
        while await told(books) != [ANNA, BORIS]:  # noqa: ASYNC110 (polls the database)
            await asyncio.sleep(0.005)
        stop.set()
        clock.wake()
        await running


async def test_a_window_that_begins_during_an_outage_holds_it_within_a_minute(books: Books) -> None:
    await books.opens()
    clock = ticker(books)
    await clock.tick()
    begins = books.now + timedelta(minutes=5)
    silences = Silences(books.store, lambda: books.now, Signal())
    wish = SilenceRequest(STATION, "*", "everything", ANNA, "Anna", "new router")
    await silences.plan(wish, begins, begins + timedelta(hours=1))
    books.passes(4 * 60)
    await clock.tick()
    assert (await books.incident()).held_by == ""
    books.passes(2 * 60)
    await clock.tick()
    assert (await books.incident()).held_by == "maintenance"


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


async def beside(books: Books, neighbour: Neighbour, *, opens: bool = True) -> Ticker:
    """Add a second station, first in order, with a due incident."""
    if opens:
        async with books.store.begin() as session:
            session.add(
                Incident(
                    station=NEIGHBOUR,
                    subject="t1",
                    open_key=f"{NEIGHBOUR}|t1",
                    kind="trunk_down",
                    facts={},
                    began_at=books.now,
                    opened_at=books.now,
                    due_at=books.now,
                )
            )
    clock = ticker(books)
    clock.add(NEIGHBOUR, neighbour)  # type: ignore[arg-type]
    return clock


async def test_a_station_at_which_nothing_is_due_is_not_asked(books: Books) -> None:
    neighbour = Neighbour()
    clock = await beside(books, neighbour, opens=False)
    await books.opens()
    books.passes(600)
    assert await clock.tick()
    assert (neighbour.ticks, neighbour.reconsidered) == ([], [])


async def test_a_station_that_cannot_be_done_holds_up_no_other(books: Books) -> None:
    await books.opens()
    books.passes(600)
    neighbour = Neighbour(fails=True)
    clock = await beside(books, neighbour)
    assert await clock.tick()
    assert await told(books) == [ANNA, BORIS]
    assert clock.last_tick is None
    neighbour.fails = False
    await clock.tick()
    assert clock.last_tick == books.now
    assert len(neighbour.ticks) == 2


async def test_of_a_station_that_nobody_can_be_sure_of_the_silences_are_heeded_once_somebody_is(books: Books) -> None:
    neighbour, watch = Neighbour(), SimpleNamespace(is_confirmed=False)
    clock = await beside(books, neighbour)
    clock.add(NEIGHBOUR, neighbour, watch)  # type: ignore[arg-type]
    await clock.tick()
    assert (neighbour.ticks, neighbour.reconsidered) == ([], [])
    watch.is_confirmed = True
    await clock.tick()
    assert neighbour.reconsidered == [books.now]


async def test_silences_of_one_station_concern_no_other(books: Books) -> None:
    neighbour = Neighbour()
    clock = await beside(books, neighbour)
    await clock.tick()
    books.passes(1)
    clock.silences_changed(STATION)
    await clock.tick()
    assert len(neighbour.reconsidered) == 1
    clock.silences_changed(NEIGHBOUR)
    await clock.tick()
    assert len(neighbour.reconsidered) == 2


async def test_a_station_that_was_removed_is_left_alone(books: Books) -> None:
    neighbour = Neighbour()
    clock = await beside(books, neighbour)
    clock.remove(NEIGHBOUR)
    assert not await clock.tick()
    clock.silences_changed(NEIGHBOUR)
    assert not await clock.tick()
    assert neighbour.ticks == []

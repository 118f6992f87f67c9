"""Station selection: only stations that request polls are polled, and changes apply at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.engine.checks.station_selection import StationSelection


class Fleet:
    """Stations of which some request polls; polls of those in `hangs` do not end."""

    def __init__(self, *wanted: str, every: float = 0.005) -> None:
        self.wanted = set(wanted)
        self.looks: Counter[str] = Counter()
        self.asked = 0
        self.hangs: set[str] = set()
        self.fails: set[str] = set()
        self.refuses = False
        self.rounds = StationSelection("phones", every, self.which)
        for station in ("Berlin", "Hamburg", "Tver"):
            self.joins(station)

    async def which(self) -> set[str]:
        self.asked += 1
        if self.refuses:
            raise OSError("disk full")
        return set(self.wanted)

    def joins(self, station: str) -> None:
        async def look() -> None:
            self.looks[station] += 1
            if station in self.fails:
                raise RuntimeError("inside the bot")
            while station in self.hangs:  # noqa: ASYNC110 (no event to wait for)
                await asyncio.sleep(0.001)

        self.rounds.add(station, look)


@asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.timeout(30):
        task = asyncio.create_task(fleet.rounds.run(stop))
        yield
        fleet.hangs.clear()
        stop.set()
        await task


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 (no event to wait for)
        await asyncio.sleep(0.001)


async def test_only_those_that_want_it_are_looked_at() -> None:
    fleet = Fleet("Berlin")
    async with running(fleet):
        await until(lambda: fleet.looks["Berlin"] >= 3)
        fleet.wanted = {"Tver"}
        await until(lambda: fleet.looks["Tver"] >= 3)
    assert fleet.looks["Hamburg"] == 0
    assert fleet.looks.keys() == {"Berlin", "Tver"}


async def test_one_that_hangs_or_fails_keeps_no_other_waiting() -> None:
    fleet = Fleet("Berlin", "Hamburg", "Tver")
    fleet.hangs, fleet.fails = {"Berlin"}, {"Hamburg"}
    async with running(fleet):
        await until(lambda: fleet.looks["Hamburg"] >= 3 and fleet.looks["Tver"] >= 3)
        assert fleet.looks["Berlin"] == 1


async def test_a_change_is_seen_at_once_whatever_the_store_said_before() -> None:
    fleet = Fleet(every=3600)
    async with running(fleet):
        await until(lambda: fleet.asked > 0)
        fleet.rounds.wake("Tver")
        await until(lambda: fleet.looks["Tver"] == 1)
        await asyncio.sleep(0.01)
    assert fleet.looks == {"Tver": 1}


async def test_a_change_during_a_look_is_seen_by_another_one() -> None:
    fleet = Fleet(every=3600)
    fleet.hangs = {"Tver"}
    async with running(fleet):
        fleet.rounds.wake("Tver")
        await until(lambda: fleet.looks["Tver"] == 1)
        fleet.rounds.wake("Tver")
        fleet.hangs.clear()
        await until(lambda: fleet.looks["Tver"] == 2)


async def test_while_the_store_refuses_the_last_answer_counts() -> None:
    fleet = Fleet("Berlin")
    async with running(fleet):
        await until(lambda: fleet.looks["Berlin"] >= 1)
        fleet.refuses = True
        asked, looked = fleet.asked, fleet.looks["Berlin"]
        await until(lambda: fleet.asked > asked + 1 and fleet.looks["Berlin"] > looked + 1)


async def test_one_that_joins_is_asked_for_and_one_that_left_is_not_looked_at() -> None:
    fleet = Fleet(every=3600)
    async with running(fleet):
        await until(lambda: fleet.asked == 1)
        fleet.joins("Ufa")
        await until(lambda: fleet.asked == 2)
        await fleet.rounds.remove("Ufa")
        fleet.rounds.wake("Ufa")
        await asyncio.sleep(0.01)
    assert fleet.looks["Ufa"] == 0

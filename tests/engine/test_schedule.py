"""Schedule of polls: in time, evenly spread, independent, and never two at once for a station."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.engine.agenda import Agenda, Entry
from bot.engine.schedule import Schedule
from bot.runtime.watchdog import Loop

STATIONS = ("Berlin", "Hamburg", "Moscow", "Tver")
EVERY = 10.0


class AnyAgenda(RuleBasedStateMachine):
    """Stations are added, removed, expedited and polled in any order and with any delay."""

    def __init__(self) -> None:
        super().__init__()
        self.agenda = Agenda()
        self.now = 0.0
        self.there: set[str] = set()
        self.looked_at: dict[str, Entry] = {}
        # Latest time of each station's next poll.
        self.by: dict[str, float] = {}

    @rule(station=st.sampled_from(STATIONS))
    def comes(self, station: str) -> None:
        if station not in self.there and station not in self.looked_at:
            self.agenda.add(station, EVERY, self.now)
            self.there.add(station)
            self.by[station] = self.now + EVERY

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        station = data.draw(st.sampled_from(sorted(self.there)))
        self.agenda.remove(station)
        self.there.discard(station)
        # A poll in progress is cancelled before the station may return.
        if (turn := self.looked_at.pop(station, None)) is not None:
            self.agenda.reschedule(turn, EVERY, self.now)

    @rule(station=st.sampled_from(STATIONS))
    def is_hastened(self, station: str) -> None:
        if station not in self.looked_at:
            self.agenda.expedite(station, self.now)
            self.by[station] = self.now

    @rule(seconds=st.floats(0, 35))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for turn in self.agenda.pop_due(self.now):
            assert turn.station in self.there, "it was taken away"
            assert turn.station not in self.looked_at, "two turns of one station at once"
            assert turn.due <= self.now
            self.looked_at[turn.station] = turn

    @precondition(lambda self: self.looked_at)
    @rule(data=st.data(), pause=st.sampled_from([EVERY, 60.0]))
    def was_looked_at(self, data: st.DataObject, pause: float) -> None:
        station = data.draw(st.sampled_from(sorted(self.looked_at)))
        self.agenda.reschedule(self.looked_at.pop(station), pause, self.now)
        self.by[station] = self.now + pause

    @invariant()
    def nobody_is_forgotten(self) -> None:
        waiting = self.there - self.looked_at.keys()
        if waiting:
            assert self.agenda.next_due is not None
            assert self.agenda.next_due <= min(self.by[station] for station in waiting) + 1e-6


TestAnyAgenda = AnyAgenda.TestCase


@given(st.integers(1, 300))
def test_however_many_there_are_they_are_spread_evenly(count: int) -> None:
    agenda = Agenda()
    for number in range(count):
        agenda.add(f"{number}", EVERY, 0.0)
    due = sorted(turn.due for turn in agenda.pop_due(EVERY))
    steps = [after - before for before, after in pairwise([*due, due[0] + EVERY])]
    assert max(steps) <= 3 * EVERY / count
    assert min(steps) >= EVERY / count / 4


@given(st.floats(0, 100))
def test_who_came_late_keeps_the_place_in_the_round(late: float) -> None:
    agenda = Agenda()
    for station in STATIONS:
        agenda.add(station, EVERY, 0.0)
    places = {}
    for turn in agenda.pop_due(EVERY):
        places[turn.station] = turn.due
        agenda.reschedule(turn, EVERY, EVERY + late)
    again = agenda.pop_due(EVERY + late + EVERY)
    assert sorted(turn.station for turn in again) == sorted(STATIONS)
    for turn in again:
        rounds = (turn.due - places[turn.station]) / EVERY
        assert rounds == pytest.approx(round(rounds))
        assert turn.due >= EVERY + late - 1e-6, "what was missed is left out"


@asynccontextmanager
async def running(**more: Any) -> AsyncIterator[Schedule]:
    schedule, stop = Schedule(**more), asyncio.Event()
    task = asyncio.create_task(schedule.run(stop))
    async with asyncio.timeout(30):
        yield schedule
        stop.set()
        await task


class Looks:
    """Counts polls; while `gate` is closed they do not end."""

    def __init__(self, pause: float = 0.001) -> None:
        self.pause = pause
        self.begun = self.ended = self.broken_off = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def __call__(self) -> float:
        assert self.begun == self.ended + self.broken_off, "two looks at once"
        self.begun += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        self.ended += 1
        if self.fails:
            raise RuntimeError("inside the bot")
        return self.pause


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 (no event to wait for)
        await asyncio.sleep(0.001)


async def test_a_station_that_answers_slowly_keeps_nobody_waiting_and_is_not_looked_at_twice() -> None:
    slow, quick = Looks(), Looks()
    slow.gate.clear()
    async with running() as schedule:
        schedule.add("slow", slow, 0.001)
        schedule.add("quick", quick, 0.001)
        await until(lambda: quick.ended >= 20)
        assert (slow.begun, slow.ended) == (1, 0)
        slow.gate.set()
        await until(lambda: slow.ended >= 3)


async def test_what_was_removed_is_looked_at_no_more_not_even_to_the_end() -> None:
    looks = Looks()
    async with running() as schedule:
        schedule.add("gone", looks, 0.001)
        await until(lambda: looks.ended >= 2)
        looks.gate.clear()
        await until(lambda: looks.begun > looks.ended)
        await schedule.remove("gone")
        assert looks.broken_off == 1
        begun = looks.begun
        looks.gate.set()
        await asyncio.sleep(0.02)
        assert looks.begun == begun
        schedule.add("gone", looks, 0.001)
        await until(lambda: looks.begun > begun)


async def test_what_is_removed_before_its_look_could_begin_may_come_again() -> None:
    looks = Looks()
    async with running() as schedule:
        schedule.add("Berlin", looks, 0.0)
        while not schedule._running:  # noqa: ASYNC110 (waits for a state between two steps of the loop)
            await asyncio.sleep(0)
        await schedule.remove("Berlin")
        schedule.add("Berlin", looks, 0.001)
        await until(lambda: looks.ended >= 2)


async def test_a_look_that_fails_ends_neither_the_others_nor_its_own_station(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.schedule.RETRY_AFTER", 0.001)
    broken, sound = Looks(), Looks()
    broken.fails = True
    async with running() as schedule:
        schedule.add("broken", broken, 0.001)
        schedule.add("sound", sound, 0.001)
        await until(lambda: broken.ended >= 3 and sound.ended >= 3)


@pytest.mark.parametrize("alone", [True, False])
async def test_a_look_that_hangs_is_begun_anew_and_the_schedule_goes_on(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engine.schedule.RETRY_AFTER", 0.001)
    watchdog = itertools.count()
    loop = Loop(lambda: next(watchdog))
    hangs = Looks()
    hangs.gate.clear()
    async with running(poll_timeout=0.02, loop=loop) as schedule:
        schedule.add("hangs", hangs, 0.001)
        if not alone:
            schedule.add("sound", Looks(), 0.001)
        await until(lambda: hangs.broken_off >= 3)
        before = loop.last_alive
        await until(lambda: loop.last_alive > before)
        hangs.gate.set()
        await until(lambda: hangs.ended >= 2)


async def test_a_look_that_cannot_even_be_broken_off_is_left_alone() -> None:
    begun = 0

    async def stubborn() -> float:
        nonlocal begun
        begun += 1
        while True:
            try:
                await gate.wait()
                return 0.001
            except asyncio.CancelledError:
                continue

    gate = asyncio.Event()
    async with running(poll_timeout=0.01, cancel_timeout=0.01) as schedule:
        schedule.add("stubborn", stubborn, 0.001)
        monkey = pytest.MonkeyPatch()
        monkey.setattr("bot.engine.schedule.RETRY_AFTER", 0.001)
        await until(lambda: begun >= 2)
        monkey.undo()
        await asyncio.wait_for(schedule.remove("stubborn"), 30)
        gate.set()


async def test_who_is_in_a_hurry_is_looked_at_at_once() -> None:
    looks = Looks(pause=3600)
    async with running() as schedule:
        schedule.add("first", Looks(pause=3600), 3600)
        schedule.add("patient", looks, 3600)
        await asyncio.sleep(0.01)
        assert looks.begun == 0
        schedule.force("patient")
        await until(lambda: looks.ended == 1)
        await asyncio.sleep(0.01)
        assert looks.begun == 1


async def test_a_look_that_is_under_way_is_followed_by_one_that_sees_what_is_new() -> None:
    looks = Looks(pause=3600)
    looks.gate.clear()
    async with running() as schedule:
        schedule.add("Berlin", looks, 0)
        await until(lambda: looks.begun == 1)
        schedule.force("Berlin")
        schedule.force("Berlin")
        await asyncio.sleep(0.01)
        assert looks.begun == 1
        looks.gate.set()
        await until(lambda: looks.ended == 2)
        await asyncio.sleep(0.01)
        assert looks.begun == 2


async def test_nobody_hurries_who_is_not_there() -> None:
    async with running() as schedule:
        schedule.force("nobody")
        await asyncio.sleep(0.01)


async def test_at_the_end_a_look_under_way_is_waited_for() -> None:
    looks = Looks()
    looks.gate.clear()
    schedule, stop = Schedule(), asyncio.Event()
    task = asyncio.create_task(schedule.run(stop))
    schedule.add("Berlin", looks, 0)
    await until(lambda: looks.begun == 1)
    stop.set()
    await asyncio.sleep(0.01)
    assert not task.done()
    looks.gate.set()
    await task
    assert looks.ended == 1

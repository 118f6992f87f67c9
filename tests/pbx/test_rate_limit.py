"""Request budget below the PBX's limit, which blocks an address; polls take precedence."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import Busy, Priority, RequestBudget


class Time:
    """Time that advances only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)


@given(st.lists(st.tuples(st.sampled_from(Priority), st.floats(0, 5)), max_size=400))
async def test_no_minute_ever_holds_more_requests_than_allowed(asked: list[tuple[Priority, float]]) -> None:
    time = Time()
    budget = RequestBudget(20, clock=time.clock, sleep=time.sleep)
    taken: list[float] = []
    for priority, pause in asked:
        time.now += pause
        await budget.acquire(priority)
        taken.append(time.now)
    for moment in taken:
        assert sum(moment - 60 < other <= moment for other in taken) <= 20


async def test_bulk_work_leaves_capacity_for_commands_and_commands_for_the_watch() -> None:
    time = Time()
    budget = RequestBudget(150, clock=time.clock, sleep=time.sleep)
    for _ in range(100):
        await budget.acquire(Priority.BULK)
    assert budget.wait(Priority.BULK) > 0
    for _ in range(30):
        await budget.acquire(Priority.COMMAND)
    assert budget.wait(Priority.COMMAND) > 0
    assert budget.wait(Priority.WATCH) == 0


async def test_a_full_budget_makes_work_wait_its_turn() -> None:
    time = Time()
    budget = RequestBudget(150, clock=time.clock, sleep=time.sleep)
    for _ in range(131):
        await budget.acquire(Priority.COMMAND)
    assert time.now >= 60


async def test_while_the_address_is_blocked_nobody_waits_for_minutes() -> None:
    time = Time()
    budget = RequestBudget(clock=time.clock, sleep=time.sleep)
    budget.block(300)
    with pytest.raises(Busy) as caught:
        await budget.acquire(Priority.WATCH)
    assert caught.value.retry_after == 300


async def test_those_who_wait_together_do_not_all_go_at_once() -> None:
    budget = RequestBudget(25, clock=(time := Time()).clock, sleep=time.sleep)
    taken: list[float] = []

    async def ask() -> None:
        await budget.acquire(Priority.WATCH)
        taken.append(time.now)

    await asyncio.gather(*(ask() for _ in range(100)))
    for moment in taken:
        assert sum(moment - 60 < other <= moment for other in taken) <= 25

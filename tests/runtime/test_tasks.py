"""Tasks of the program run until it ends, and end together within one timeout."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.exc import OperationalError

from bot.runtime.tasks import run_until_stopped
from bot.store import database_errors
from bot.store.database_errors import retry_on_database_error

LOCKED = OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))


class Program:
    """Jobs that record their outcome."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.told: list[str] = []

    async def obeys(self) -> None:
        await self.stop.wait()
        self.told.append("obeyed")

    async def hangs(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.told.append("cancelled")
            raise

    async def fails(self) -> None:
        raise RuntimeError("broken")

    async def last(self) -> None:
        self.told.append("last")

    async def runs(self, *jobs: Callable[[], Awaitable[None]], within: float = 30) -> BaseException | None:
        coroutines = [job() for job in jobs]
        work = run_until_stopped(coroutines, self.last, self.stop, self.hurry, within)  # type: ignore[arg-type]
        return await asyncio.wait_for(work, 60)


async def test_asked_to_end_each_finishes_and_so_does_what_is_to_be_done_last() -> None:
    program = Program()
    program.stop.set()
    assert await program.runs(program.obeys, program.obeys) is None
    assert sorted(program.told) == ["last", "obeyed", "obeyed"]


async def test_one_that_fails_ends_the_rest_in_the_same_way() -> None:
    program = Program()
    failure = await program.runs(program.obeys, program.fails)
    assert isinstance(failure, RuntimeError)
    assert sorted(program.told) == ["last", "obeyed"]


async def test_who_does_not_end_in_time_is_cut_and_hears_of_it() -> None:
    program = Program()
    program.stop.set()
    assert await program.runs(program.hangs, within=0.01) is None
    assert sorted(program.told) == ["cancelled", "last"]


async def test_a_second_signal_makes_it_quicker() -> None:
    program = Program()
    program.stop.set()
    program.hurry.set()
    assert await program.runs(program.hangs, within=1000) is None
    assert "cancelled" in program.told


async def test_a_store_that_refuses_makes_a_job_begin_anew_until_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def wait_for(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(database_errors, "sleep_or_stop", wait_for)
    refusals = [LOCKED] * 7

    async def deed() -> None:
        if refusals:
            raise refusals.pop()

    await retry_on_database_error("delivery worker", deed, asyncio.Event())
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


async def test_a_mistake_is_no_refusal_of_the_store() -> None:
    with pytest.raises(RuntimeError):
        await retry_on_database_error("delivery worker", Program().fails, asyncio.Event())

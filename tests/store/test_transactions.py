"""Transactions in the database's own thread: whole or not at all, and the event loop never waits for one."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from bot.runtime.waiting import Signal
from bot.store.database import Database, Session, WaitedOutside
from bot.store.messages import inbox

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Fault(Exception):
    pass


def take_in(session: Session, update_id: int) -> None:
    inbox.add_new(session, {update_id: {}}, NOW)


def take_in_and_fail(session: Session, update_id: int) -> None:
    take_in(session, update_id)
    session.flush()
    raise Fault


async def stored(database: Database) -> set[int]:
    return set(await database.run(inbox.unfinished))


async def test_the_loop_goes_on_while_a_transaction_lasts(threaded: Database) -> None:
    goes_on = threading.Event()
    lasting = asyncio.create_task(threaded.run(lambda _session: goes_on.wait(5)))
    await asyncio.sleep(0.01)
    assert not lasting.done()
    goes_on.set()
    assert await lasting


async def test_what_fails_leaves_nothing(threaded: Database) -> None:
    with pytest.raises(Fault):
        await threaded.run(take_in_and_fail, 1)
    assert await stored(threaded) == set()


async def test_what_nobody_waits_for_any_more_leaves_nothing(threaded: Database) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        take_in(session, 1)
        begun.set()
        goes_on.wait(5)

    task = asyncio.create_task(threaded.run(slow))
    assert await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    goes_on.set()
    assert await stored(threaded) == set()


async def test_a_whole_is_stored_whole_and_its_signals_come_after_it(threaded: Database) -> None:
    heard: list[threading.Thread] = []
    changed = Signal(lambda: heard.append(threading.current_thread()))

    async def whole(_session: Session) -> str:
        await threaded.run(take_in, 1)
        changed.send()
        await threaded.run(take_in, 2)
        assert heard == []
        return "done"

    assert await threaded.atomic(whole) == "done"
    assert heard == [threading.current_thread()]
    assert await stored(threaded) == {1, 2}


async def test_a_whole_that_fails_leaves_nothing_and_sends_no_signal(threaded: Database) -> None:
    heard: list[str] = []
    changed = Signal(lambda: heard.append("changed"))

    async def whole(_session: Session) -> None:
        await threaded.run(take_in, 1)
        changed.send()
        raise Fault

    with pytest.raises(Fault):
        await threaded.atomic(whole)
    assert heard == []
    assert await stored(threaded) == set()


async def test_what_fails_within_a_whole_takes_back_only_its_own(threaded: Database) -> None:
    async def whole(_session: Session) -> None:
        await threaded.run(take_in, 1)
        with pytest.raises(Fault):
            await threaded.run(take_in_and_fail, 2)

    await threaded.atomic(whole)
    assert await stored(threaded) == {1}


async def test_a_whole_that_waits_for_something_else_is_refused(threaded: Database) -> None:
    async def whole(_session: Session) -> None:
        await threaded.run(take_in, 1)
        await asyncio.sleep(0)

    with pytest.raises(WaitedOutside):
        await threaded.atomic(whole)
    assert await stored(threaded) == set()

"""Queued transactions: many from one owner do not delay the others. With the database's own thread."""

import asyncio
import threading
import time
from contextvars import Context
from datetime import UTC, datetime

from bot.runtime.waiting import Signal
from bot.store.database import BATCH_SIZE, Database, Session
from bot.store.messages import inbox

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Fault(Exception):
    pass


def serve(_session: Session, who: str, served: list[str]) -> None:
    time.sleep(0.001)
    served.append(who)


async def test_who_does_not_belong_to_the_burst_waits_for_one_batch_of_it_at_most(threaded: Database) -> None:
    served: list[str] = []
    crowd = [asyncio.create_task(threaded.run_queued(serve, "crowd", served)) for _ in range(50)]
    await asyncio.sleep(0.005)
    before = len(served)
    await threaded.run(serve, "somebody else", served)
    assert served.index("somebody else") <= before + BATCH_SIZE
    await asyncio.gather(*crowd)
    assert served.count("crowd") == 50


async def test_one_of_the_burst_that_fails_fails_alone(threaded: Database) -> None:
    def store(session: Session, update_id: int) -> None:
        inbox.add_new(session, {update_id: {}}, NOW)
        if update_id == 3:
            raise Fault

    results = await asyncio.gather(*(threaded.run_queued(store, n) for n in range(1, 6)), return_exceptions=True)
    assert [type(one) for one in results] == [type(None), type(None), Fault, type(None), type(None)]
    assert set(await threaded.run(inbox.unfinished)) == {1, 2, 4, 5}


async def test_one_of_the_burst_that_nobody_waits_for_any_more_leaves_nothing(threaded: Database) -> None:
    goes_on = threading.Event()
    earlier = asyncio.create_task(threaded.run(lambda _session: goes_on.wait(5)))
    await asyncio.sleep(0)
    crowd = [asyncio.create_task(threaded.run_queued(inbox.add_new, {n: {}}, NOW)) for n in (1, 2)]
    await asyncio.sleep(0.01)
    crowd[0].cancel()
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(earlier, *crowd, return_exceptions=True)
    assert set(await threaded.run(inbox.unfinished)) == {2}


async def test_what_the_burst_sends_is_delivered_to_who_waits_for_it(threaded: Database) -> None:
    received: list[int] = []
    signal = Signal(received.append)
    await asyncio.gather(*(threaded.run_queued(lambda _session, n: signal.send(n), n) for n in range(3)))
    assert sorted(received) == [0, 1, 2]


async def test_within_a_whole_nobody_waits_for_a_burst_that_waits_for_it(threaded: Database) -> None:
    served: list[str] = []
    loop = asyncio.get_running_loop()
    crowd = list[asyncio.Task[None]]()

    def arrive() -> None:
        coroutines = [threaded.run_queued(serve, "crowd", served) for _ in range(2)]
        crowd.extend(loop.create_task(one, context=Context()) for one in coroutines)

    def until_the_crowd_waits() -> None:
        while len(threaded._queue) < 2 and threaded._queue_task is None:
            time.sleep(0.001)

    async def whole(_session: Session) -> None:
        loop.call_soon_threadsafe(arrive)
        until_the_crowd_waits()
        await threaded.run_queued(serve, "the whole", served)

    async with asyncio.timeout(30):
        await threaded.atomic(whole)
        await asyncio.gather(*crowd)
    assert served == ["the whole", "crowd", "crowd"]

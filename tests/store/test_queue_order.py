"""Queued transactions: many from one owner do not delay the others. With the database's own thread."""

import asyncio
import time
from contextvars import Context

from bot.store.database import Database, Session


def serve(_session: Session, who: str, served: list[str]) -> None:
    time.sleep(0.001)
    served.append(who)


async def test_who_does_not_belong_to_the_burst_waits_for_one_of_it_at_most(threaded: Database) -> None:
    served: list[str] = []
    crowd = [asyncio.create_task(threaded.run_queued(serve, "crowd", served)) for _ in range(50)]
    await asyncio.sleep(0.005)
    before = len(served)
    await threaded.run(serve, "somebody else", served)
    assert served.index("somebody else") <= before + 2
    await asyncio.gather(*crowd)
    assert served.count("crowd") == 50


async def test_within_a_whole_nobody_waits_for_a_burst_that_waits_for_it(threaded: Database) -> None:
    served: list[str] = []
    loop = asyncio.get_running_loop()
    crowd = list[asyncio.Task[None]]()

    def arrive() -> None:
        coroutines = [threaded.run_queued(serve, "crowd", served) for _ in range(2)]
        crowd.extend(loop.create_task(one, context=Context()) for one in coroutines)

    def until_the_crowd_waits() -> None:
        while not threaded._queue_lock.locked():
            time.sleep(0.001)

    async def whole(_session: Session) -> None:
        loop.call_soon_threadsafe(arrive)
        until_the_crowd_waits()
        await threaded.run_queued(serve, "the whole", served)

    async with asyncio.timeout(5):
        await threaded.atomic(whole)
        await asyncio.gather(*crowd)
    assert served == ["the whole", "crowd", "crowd"]

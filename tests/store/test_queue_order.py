"""Queued database sessions: many from one owner do not delay the others."""

import asyncio
from contextvars import Context

from sqlalchemy import text

from bot.store.database import Store


async def test_who_does_not_belong_to_the_burst_waits_for_one_of_it_at_most(store: Store) -> None:
    served: list[str] = []

    async def one_of_the_crowd() -> None:
        async with store.begin_queued() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(0.001)
            served.append("crowd")

    async def somebody_else() -> None:
        async with store.begin() as session:
            await session.execute(text("SELECT 1"))
            served.append("somebody else")

    crowd = [asyncio.create_task(one_of_the_crowd()) for _ in range(50)]
    await asyncio.sleep(0.005)
    before = len(served)
    await somebody_else()
    assert served.index("somebody else") <= before + 2
    await asyncio.gather(*crowd)
    assert served.count("crowd") == 50


async def test_within_a_whole_nobody_waits_for_a_burst_that_waits_for_it(store: Store) -> None:
    async def one_of_the_crowd() -> None:
        async with store.begin_queued() as session:
            await session.execute(text("SELECT 1"))

    async with asyncio.timeout(5), store.atomic() as session:
        await session.execute(text("SELECT 1"))
        crowd = asyncio.get_running_loop().create_task(one_of_the_crowd(), context=Context())
        await asyncio.sleep(0.01)
        assert not crowd.done()
        await one_of_the_crowd()
    await crowd

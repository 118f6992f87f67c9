"""Queued database sessions: many from one owner do not delay the others."""

import asyncio
from contextvars import Context

from sqlalchemy import text

from bot.store.database import Database


async def test_who_does_not_belong_to_the_burst_waits_for_one_of_it_at_most(database: Database) -> None:
    served: list[str] = []

    async def one_of_the_crowd() -> None:
        with database.begin_queued() as session:
            session.execute(text("SELECT 1"))
            await asyncio.sleep(0.001)
            served.append("crowd")

    async def somebody_else() -> None:
        with database.begin() as session:
            session.execute(text("SELECT 1"))
            served.append("somebody else")

    crowd = [asyncio.create_task(one_of_the_crowd()) for _ in range(50)]
    await asyncio.sleep(0.005)
    before = len(served)
    await somebody_else()
    assert served.index("somebody else") <= before + 2
    await asyncio.gather(*crowd)
    assert served.count("crowd") == 50


async def test_within_a_whole_nobody_waits_for_a_burst_that_waits_for_it(database: Database) -> None:
    async def one_of_the_crowd() -> None:
        with database.begin_queued() as session:
            session.execute(text("SELECT 1"))

    async with asyncio.timeout(5), database.atomic() as session:
        session.execute(text("SELECT 1"))
        crowd = asyncio.get_running_loop().create_task(one_of_the_crowd(), context=Context())
        await asyncio.sleep(0.01)
        assert not crowd.done()
        await one_of_the_crowd()
    await crowd

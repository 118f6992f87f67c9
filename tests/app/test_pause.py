"""Standstill: running tasks finish before it, and later ones start after it."""

import asyncio

from bot.runtime.pause import PausableGroup


async def test_it_is_still_once_everybody_has_come_to_an_end_and_nobody_begins_meanwhile() -> None:
    pausable = PausableGroup()
    done: list[str] = []
    goes_on = asyncio.Event()

    async def long() -> None:
        await goes_on.wait()
        done.append("long")

    async def late() -> None:
        done.append("late")

    async def stand() -> None:
        async with pausable.paused():
            await asyncio.sleep(0)
            done.append("still")

    tasks = [asyncio.create_task(pausable.as_running(long)())]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(stand()))
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(pausable.as_running(late)()))
    await asyncio.sleep(0)
    assert done == []
    goes_on.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks)
    assert done == ["long", "still", "late"]


async def test_what_is_broken_off_holds_up_nobody() -> None:
    pausable = PausableGroup()
    task = asyncio.create_task(pausable.as_running(asyncio.Event().wait)())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(30), pausable.paused():
        assert task.cancelled()

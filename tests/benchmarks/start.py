"""Time from the program's start to its first answer, and its memory when idle."""

import asyncio
import time
from contextlib import AsyncExitStack

from tests.benchmarks.measured import memory
from tests.benchmarks.measured.chats import Chats
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.measured.stage import BARE, PROGRAM, Stage, stage

IDLE = 60.0
# Each gets a command menu after the start; a typical number for an office.
VIEWERS = 10
MEGABYTE = 2**20


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    first: list[float] = []
    again: list[float] = []
    bare: list[float] = []
    idle: list[float] = []
    bare_idle: list[float] = []
    async with stage() as one:
        await _compiled(one)
        for _ in range(effort.runs):
            one.no_store()
            async with AsyncExitStack() as stack:
                first.append((await _started(one, one.ours, PROGRAM, one.settings(VIEWERS), stack))[0])
            async with AsyncExitStack() as stack:
                seconds, pid = await _started(one, one.ours, PROGRAM, one.settings(VIEWERS), stack)
                bare_seconds, bare_pid = await _started(one, one.bares, BARE, one.bare_settings(), stack)
                again.append(seconds)
                bare.append(bare_seconds)
                await asyncio.sleep(5 if effort.quick else IDLE)
                idle.append(memory.resident(pid) / MEGABYTE)
                bare_idle.append(memory.resident(bare_pid) / MEGABYTE)
    return [
        Row("from the start to the first answer", "s", again, bare, most=1.6, relative=True),
        Row("the same, with a database still to be made", "s", first, bare, most=2.0, relative=True),
        Row("memory when idle for a minute", "MB", idle, bare_idle, most=85),
    ]


async def _compiled(one: Stage) -> None:
    """Run a first start, which compiles bytecode for the later ones."""
    for chats, arguments, settings in (
        (one.ours, PROGRAM, one.settings(VIEWERS)),
        (one.bares, BARE, one.bare_settings()),
    ):
        async with AsyncExitStack() as stack:
            await _started(one, chats, arguments, settings, stack)


async def _started(
    one: Stage, chats: Chats, arguments: tuple[str, ...], settings: dict[str, str], stack: AsyncExitStack
) -> tuple[float, int]:
    """Return the process, and the seconds until a message that waits at Telegram is answered."""
    answer = asyncio.create_task(chats.asks(chats.people[0], "/status"))
    # The message is there before the process is.
    await asyncio.sleep(0)
    begun = time.monotonic()
    process = await stack.enter_async_context(one.running(arguments, settings))
    await answer
    return time.monotonic() - begun, process.pid


FIGURE = Figure("start", run)

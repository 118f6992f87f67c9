"""Starts the process that does a task, and ends it: when it is done, when it takes too long, when nobody waits."""

import asyncio
import json
import signal
import sys
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bot
from bot.sandbox import __main__ as worker
from bot.sandbox.json_answers import json_of
from bot.sandbox.slots import Places
from bot.sandbox.task import Failure, Refusal, Task, TaskFailed

ROOT = Path(bot.__file__).parent.parent
PART = 1 << 16
# It is ended at the limit itself, or a moment later by force.
OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})
FAILURES = {worker.NO_MEMORY: Failure.MEMORY, worker.TOO_MUCH: Failure.RESULT}
# Of what people wait for two at once, and of what nobody waits for one.
FOR_PEOPLE = Places(2)
IN_THE_BACKGROUND = Places(1, crowd=10_000)


async def run(task: Task, content: bytes, *, owner: Hashable, places: Places = FOR_PEOPLE, **facts: Any) -> Any:
    """What the task gives: plain data, or bytes. `facts` are plain data too; `owner` is whose turn it takes.

    Raises Refusal when the task refuses, and TaskFailed when it came to no end. Cancelled, it leaves no process behind.
    """
    async with places.place(owner):
        code, given = await _given(task, content, facts)
    kind, rest = given[:1], given[1:]
    if code != 0 or kind not in (worker.DATA, worker.BYTES, worker.REFUSED):
        raise TaskFailed(Failure.TIME if code in OUT_OF_TIME else FAILURES.get(code, Failure.BROKEN))
    if kind == worker.BYTES:
        return rest
    data = await json_of(rest)
    if kind == worker.REFUSED:
        raise Refusal(str(data))
    return data


async def _given(task: Task, content: bytes, facts: dict[str, Any]) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Neither from the folder in which the bot runs, nor from the user's own: only the program's own modules.
        "-P",
        "-s",
        "-m",
        "bot.sandbox",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Nothing of the program's own surroundings: its secrets stand there.
        env={"PYTHONPATH": str(ROOT)},
    )
    order = json.dumps({"task": asdict(task), "facts": facts}).encode()
    try:
        async with asyncio.timeout(task.within):
            given = await _exchanged(process, order + b"\n" + content, task.most + 1)
            return await process.wait(), given
    except TimeoutError:
        raise TaskFailed(Failure.TIME) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _exchanged(process: asyncio.subprocess.Process, sent: bytes, most: int) -> bytes:
    """All of it is read before anything is written. Raises TaskFailed for more than `most` bytes."""
    assert process.stdin is not None  # noqa: S101 (they are pipes)
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(sent)
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.drain()
    process.stdin.close()
    given = bytearray()
    while part := await process.stdout.read(PART):
        given += part
        if len(given) > most:
            raise TaskFailed(Failure.RESULT)
    return bytes(given)

"""Start the subprocess of a task, and kill it on timeout or cancellation."""

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
from bot.sandbox.slots import SlotPool
from bot.sandbox.task import Task, TaskFailed, TaskFailure, TaskRefused

ROOT = Path(bot.__file__).parent.parent
PART = 1 << 16
# Exit codes at the limit of processor time.
OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})
FAILURES = {worker.NO_MEMORY: TaskFailure.MEMORY, worker.TOO_MUCH: TaskFailure.RESULT}
# Queues: two tasks at once for people, one in the background.
FOR_PEOPLE = SlotPool(2)
IN_THE_BACKGROUND = SlotPool(1, crowd=10_000)


async def run(task: Task, content: bytes, *, owner: Hashable, places: SlotPool = FOR_PEOPLE, **facts: Any) -> Any:
    """Run the task and return plain data or bytes. `facts` are plain data too; tasks of one `owner` share a queue.

    Raises TaskRefused if the task refuses, TaskFailed on a limit or timeout. A cancelled task leaves no process.
    """
    async with places.slot(owner):
        code, given = await _given(task, content, facts)
    kind, rest = given[:1], given[1:]
    if code != 0 or kind not in (worker.DATA, worker.BYTES, worker.REFUSED):
        raise TaskFailed(TaskFailure.TIME if code in OUT_OF_TIME else FAILURES.get(code, TaskFailure.BROKEN))
    if kind == worker.BYTES:
        return rest
    data = await json_of(rest)
    if kind == worker.REFUSED:
        raise TaskRefused(str(data))
    return data


async def _given(task: Task, content: bytes, facts: dict[str, Any]) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Import the program's own modules only: neither from the working directory nor from the user's site.
        "-P",
        "-s",
        "-m",
        "bot.sandbox",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # The environment holds secrets.
        env={"PYTHONPATH": str(ROOT)},
    )
    order = json.dumps({"task": asdict(task), "facts": facts}).encode()
    try:
        async with asyncio.timeout(task.within):
            given = await _exchanged(process, order + b"\n" + content, task.most + 1)
            return await process.wait(), given
    except TimeoutError:
        raise TaskFailed(TaskFailure.TIME) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _exchanged(process: asyncio.subprocess.Process, sent: bytes, most: int) -> bytes:
    """Send all input, then read the output. Raises TaskFailed for more than `most` bytes."""
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
            raise TaskFailed(TaskFailure.RESULT)
    return bytes(given)

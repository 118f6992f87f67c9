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
CHUNK = 1 << 16
# Exit codes at the limit of processor time.
OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGKILL})
FAILURES = {worker.NO_MEMORY: TaskFailure.MEMORY, worker.TOO_MUCH: TaskFailure.RESULT}
# Queues: two tasks at once for people, one in the background.
FOR_PEOPLE = SlotPool(2)
IN_THE_BACKGROUND = SlotPool(1, max_waiting=10_000)


async def run(task: Task, content: bytes, *, owner: Hashable, slots: SlotPool = FOR_PEOPLE, **facts: Any) -> Any:
    """Run the task and return plain data or bytes. `facts` are plain data too; tasks of one `owner` share a queue.

    Raises TaskRefused if the task refuses, TaskFailed on a limit or timeout. A cancelled task leaves no process.
    """
    async with slots.slot(owner):
        code, output = await _execute(task, content, facts)
    kind, payload = output[:1], output[1:]
    if code != 0 or kind not in (worker.DATA, worker.BYTES, worker.REFUSED):
        raise TaskFailed(TaskFailure.TIME if code in OUT_OF_TIME else FAILURES.get(code, TaskFailure.BROKEN))
    if kind == worker.BYTES:
        return payload
    data = await json_of(payload)
    if kind == worker.REFUSED:
        raise TaskRefused(str(data))
    return data


async def _execute(task: Task, content: bytes, facts: dict[str, Any]) -> tuple[int, bytes]:
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
    request = json.dumps({"task": asdict(task), "facts": facts}).encode()
    try:
        async with asyncio.timeout(task.within):
            output = await _exchange(process, request + b"\n" + content, task.max_result + 1)
            return await process.wait(), output
    except TimeoutError:
        raise TaskFailed(TaskFailure.TIME) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _exchange(process: asyncio.subprocess.Process, sent: bytes, max_bytes: int) -> bytes:
    """Send all input, then read the output. Raises TaskFailed for more than `max_bytes` bytes."""
    assert process.stdin is not None  # noqa: S101 (they are pipes)
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(sent)
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.drain()
    process.stdin.close()
    output = bytearray()
    while part := await process.stdout.read(CHUNK):
        output += part
        if len(output) > max_bytes:
            raise TaskFailed(TaskFailure.RESULT)
    return bytes(output)

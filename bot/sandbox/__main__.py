"""Subprocess: `python -m bot.sandbox` reads a line of JSON and bytes, runs the task, writes the result.

The first byte tells the format: plain data as JSON, bytes, or the text of a refusal as JSON. The environment is almost
empty; limits are set before untrusted input is read.
"""

import json
import os
import resource
import sys
from contextlib import suppress
from typing import Any

from bot.sandbox.task import Task, TaskRefused

DATA, BYTES, REFUSED = b"J", b"B", b"R"
NO_MEMORY, TOO_MUCH, FAILED = 3, 4, 5
# Lower priority than the bot, which polls and answers people.
NICE = 5


def main() -> int:
    request = json.loads(sys.stdin.buffer.readline())
    task = Task(**request["task"])
    _limit(task)
    try:
        kind, result = _run(task, sys.stdin.buffer.read(), request["facts"])
    except MemoryError:
        return NO_MEMORY
    except Exception:
        # A traceback may quote untrusted input.
        return FAILED
    if len(result) > task.max_result:
        return TOO_MUCH
    sys.stdout.buffer.write(kind + result)
    return 0


def _limit(task: Task) -> None:
    # deploy/mikopbx-bot.service forbids it.
    with suppress(PermissionError):
        os.nice(NICE)
    for kind, limit in (
        (resource.RLIMIT_CPU, task.seconds),
        (resource.RLIMIT_AS, task.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    # numpy takes half of openpyxl's import time, and is used only if present.
    sys.modules["numpy"] = None  # type: ignore[assignment]


def _run(task: Task, content: bytes, facts: dict[str, Any]) -> tuple[bytes, bytes]:
    try:
        result = task.here(content, **facts)
    except TaskRefused as refusal:
        return REFUSED, _json(refusal.reason)
    return (BYTES, result) if isinstance(result, bytes) else (DATA, _json(result))


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())

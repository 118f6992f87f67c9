"""The process: `python -m bot.sandbox` reads a line of JSON and bytes, does the task, and writes what came of it.

The first byte written says what follows: plain data as JSON, bytes, or the words of a refusal as JSON. Whoever starts
it gives it no environment to speak of; it limits itself before it sees anything that others made.
"""

import json
import os
import resource
import sys
from contextlib import suppress
from typing import Any

from bot.sandbox.task import Refusal, Task

DATA, BYTES, REFUSED = b"J", b"B", b"R"
NO_MEMORY, TOO_MUCH, FAILED = 3, 4, 5
# What people wait for, and the watch, come first.
NICE = 5


def main() -> int:
    order = json.loads(sys.stdin.buffer.readline())
    task = Task(**order["task"])
    _limit(task)
    try:
        kind, given = _done(task, sys.stdin.buffer.read(), order["facts"])
    except MemoryError:
        return NO_MEMORY
    except Exception:
        # Nobody reads a traceback of it: it may quote what others made.
        return FAILED
    if len(given) > task.most:
        return TOO_MUCH
    sys.stdout.buffer.write(kind + given)
    return 0


def _limit(task: Task) -> None:
    # deploy/mikopbx-bot.service forbids it.
    with suppress(PermissionError):
        os.nice(NICE)
    for what, most in (
        (resource.RLIMIT_CPU, task.seconds),
        (resource.RLIMIT_AS, task.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # It takes half of the time in which openpyxl is loaded, which uses it only if it is there.
    sys.modules["numpy"] = None  # type: ignore[assignment]


def _done(task: Task, content: bytes, facts: dict[str, Any]) -> tuple[bytes, bytes]:
    try:
        given = task.here(content, **facts)
    except Refusal as refusal:
        return REFUSED, _json(refusal.said)
    return (BYTES, given) if isinstance(given, bytes) else (DATA, _json(given))


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())

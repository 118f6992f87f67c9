"""The process that has the program loaded, and forks it for each run that a test starts.

What a fork inherits need not be made again: modules, the trust store, compiled templates. What a test's program does
without: a disk that survives a loss of power, and a thread of its own for SQLite, since a kill takes neither.
"""

import asyncio
import importlib
import json
import os
import ssl
import sys
import time
import traceback
from datetime import UTC, datetime
from functools import cache
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from tests.end_to_end.clock import Clock, ClockLoop


class _Time:
    """What `time.time` and `time.monotonic` are in the program; modules keep references to them from when they were
    loaded."""

    def __init__(self) -> None:
        self._machine = time.time, time.monotonic
        self.clock: Clock | None = None
        time.time, time.monotonic = self._time, self._monotonic

    def _time(self) -> float:
        return self.clock.time() if self.clock else self._machine[0]()

    def _monotonic(self) -> float:
        return self.clock.monotonic() if self.clock else self._machine[1]()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._time(), UTC)


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return ClockLoop(self._clock)


class _Compiled(BytecodeCache):
    """Templates that were compiled before the fork."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key] = bucket.code


def _run(order: dict[str, Any], its_time: _Time) -> None:
    """In the new process: become what `python -m bot run` is."""
    os.chdir(order["start"])
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, number)
    time.tzset()
    its_time.clock = Clock(**order["clock"])
    asyncio.set_event_loop_policy(_Policy(its_time.clock))
    code = 1
    try:
        _hurry(float(os.environ.pop("TESTS_HURRY", "1")))
        if os.environ.pop("TESTS_DATABASE", "") != "durable":
            _database_without_thread()
        if order["first"]:
            importlib.import_module(order["first"])
        from bot.cli import app

        code = app(["run"], standalone_mode=False) or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _hurry(times: float) -> None:
    """As the stand-in PBX is hurried: what it forgets sooner need not be waited for so long."""
    from handlers import import_run, read_back

    for module in (read_back, import_run):
        vars(module).update(FOR=45.0 / times, EVERY=3.0 / times)


def _database_without_thread() -> None:
    from bot.store import database

    prepare = database._prepare_sqlite

    def prepared(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")
        connection.driver_connection._execute = _at_once

    database._prepare_sqlite = prepared


async def _at_once(deed: Any, *args: Any, **more: Any) -> Any:
    return deed(*args, **more)


def _load(its_time: _Time) -> None:
    """Nothing of it may begin to run here: what is forked has no other thread, and nothing open."""
    ssl.create_default_context = cache(ssl.create_default_context)
    import httpx

    import bot.application
    import bot.cli
    from bot.chat import render

    httpx.create_ssl_context()
    bot.application.utc_now = its_time.now
    compiled = _Compiled()
    render.Environment = lambda **more: Environment(bytecode_cache=compiled, **more)  # type: ignore[misc, assignment]
    templates = render.Renderer("en")._environment
    for name in templates.list_templates():
        templates.get_template(name)


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    its_time = _Time()
    _load(its_time)
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            answer = _ended(order["ended"])
        elif (answer := os.fork()) == 0:
            _run(order, its_time)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

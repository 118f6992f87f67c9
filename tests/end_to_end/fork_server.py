"""Fork server: load the program once and fork it for each run that a test starts.

A fork inherits the modules, the trust store and the compiled templates. The database runs without fsync and without a
thread of its own: a kill loses neither.
"""

import asyncio
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import ssl
import sys
import time
import traceback
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.clock import Clock, ClockLoop

# Modules that draw charts, loaded with the first one.
DRAWING = ("matplotlib.backends.backend_agg", "matplotlib.figure", "matplotlib.font_manager", "matplotlib.patches")


class _Time:
    """Replacement of `time.time` and `time.monotonic`, installed before modules import references to them."""

    def __init__(self) -> None:
        self._machine = time.time, time.monotonic
        self.clock: Clock | None = None
        time.time, time.monotonic = self._time, self._monotonic

    def _time(self) -> float:
        return self.clock.time() if self.clock else self._machine[0]()

    def _monotonic(self) -> float:
        return self.clock.monotonic() if self.clock else self._machine[1]()

    def live_by(self, clock: Clock | None) -> None:
        """Use the clock from now on, and in the next event loop."""
        self.clock = clock
        asyncio.set_event_loop_policy(_Policy(clock) if clock else None)

    def now(self) -> datetime:
        """Return the machine's time; a test may write the seconds by which it is wrong into a file."""
        path = os.environ.get("TESTS_CLOCK_WRONG_BY")
        return datetime.fromtimestamp(self._time() + (float(Path(path).read_text()) if path else 0.0), UTC)


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return ClockLoop(self._clock)


def _run(order: dict[str, Any], its_time: _Time) -> None:
    """Run this command of `python -m bot` in the new process."""
    code = 1
    try:
        os.chdir(order["start"])
        os.environ.clear()
        os.environ.update(order["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, order["log"]), (2, order["errors"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), number)
        time.tzset()
        its_time.live_by(Clock(**order["clock"]))
        _hurry(float(os.environ.pop("TESTS_HURRY", "1")))
        _leave_time_for_work(order["clock"]["speed"])
        # The process is too short-lived for garbage collection, which takes a twentieth of its time.
        vars(gc)["enable"] = lambda: None
        if order["first"]:
            importlib.import_module(order["first"])
        from bot.cli import main

        code = main(order["command"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _hurry(times: float) -> None:
    """Shorten the timeouts that depend on the stand-in PBX, which runs `times` as fast."""
    from handlers.dialog import verify_write as read_back
    from handlers.employee_import import run as import_run

    for module in (read_back, import_run):
        vars(module).update(READ_BACK_TIMEOUT=45.0 / times, READ_BACK_INTERVAL=3.0 / times)


def _leave_time_for_work(speed: float) -> None:
    """Lengthen the timeouts that bound the work of this machine, which an accelerated clock does not shorten: a machine
    with other work takes seconds for what takes milliseconds.
    """
    from bot.app import application
    from bot.engine import calendar_feed, trunk_queries
    from bot.pbx import cached_query, http, time_zone
    from bot.pbx.calling import ajam, call
    from bot.pbx.resources import phone_book
    from bot.telegram import files, membership
    from bot.telegram.updates import polling
    from handlers.dispatch import button_actions
    from handlers.employees import employees
    from handlers.notify import key_rights, queues
    from handlers.stations import stations, status

    for module, name in (
        (ajam, "AT_ONCE"),
        (application, "SHUTDOWN_TIMEOUT"),
        (button_actions, "ANSWER_PRESS_TIMEOUT"),
        (cached_query, "ASKED_WITHIN"),
        (calendar_feed, "FETCH_WITHIN"),
        (call, "GRACE"),
        (employees, "PHONES_TIMEOUT"),
        (http, "RESPONSE_TIMEOUT"),
        (http, "SUSPECT_AFTER"),
        (key_rights, "TIMEOUT"),
        (membership, "REQUEST_TIMEOUT"),
        (phone_book, "REQUEST_TIMEOUT"),
        (polling, "LATE_BY"),
        (polling, "RESPONSE_TIMEOUT"),
        (queues, "WITHIN"),
        (stations, "QUERY_TIMEOUT"),
        (status, "EXTENSIONS_TIMEOUT"),
        (time_zone, "REQUEST_TIMEOUT"),
        (trunk_queries, "RESOLVE_WITHIN"),
    ):
        vars(module)[name] *= speed
    http.TIMEOUTS = httpx.Timeout(
        **{phase: seconds and seconds * speed for phase, seconds in http.TIMEOUTS.as_dict().items()}
    )
    vars(files)["TIMEOUTS"].update({phase: seconds * speed for phase, seconds in vars(files)["TIMEOUTS"].items()})


def _database_without_thread() -> None:
    from bot.store import database, sqlite
    from tests.fixtures.stores import CallingThread

    prepare = sqlite._prepare

    def prepared(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    vars(sqlite)["_prepare"] = prepared
    vars(database)["ThreadPoolExecutor"] = lambda *_args, **_options: CallingThread()


def _load(its_time: _Time) -> None:
    """Load what every run needs. The process must have no other thread and no open file."""
    # Runs use the library's own trust store.
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        os.environ.pop(name, None)
    vars(ssl)["create_default_context"] = cache(ssl.create_default_context)
    for name in DRAWING:
        importlib.import_module(name)
    import bot.app.access_report
    import bot.app.application
    import bot.cli
    import bot.runtime.clock
    from bot.messages.renderer import Renderer
    from tests.end_to_end import warm_up as warm

    bot.app.application.utc_now = bot.app.access_report._now = its_time.now
    bot.runtime.clock.since_boot = time.monotonic
    for language in warm.LANGUAGES:
        Renderer(language).compile_all()
    _database_without_thread()
    warm.share_compiled_statements()
    warm.warm(its_time.live_by)


class Server:
    """Fork on request until the last client has disconnected."""

    def __init__(self, its_time: _Time, path: str) -> None:
        self._its_time = its_time
        self._running: set[int] = set()
        self._path = Path(path)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)

    def serve(self) -> None:
        clients = -1
        while clients:
            for key, _ in self._selector.select():
                if key.fileobj is self._listening:
                    connection, _address = self._listening.accept()
                    self._selector.register(connection, selectors.EVENT_READ, connection.makefile("r"))
                elif line := key.data.readline():
                    self._carry_out(json.loads(line), key.fd)
                else:
                    self._selector.unregister(key.fileobj)
            clients = len(self._selector.get_map()) - 1
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)
        for left in (self._path, self._path.with_suffix(".lock")):
            left.unlink(missing_ok=True)

    def _carry_out(self, order: dict[str, Any], client: int) -> None:
        answer: int | None
        if "ended" in order:
            answer = self._ended(order["ended"])
        elif answer := os.fork():
            self._running.add(answer)
        else:
            os.closerange(3, client + 100)
            _run(order, self._its_time)
        os.write(client, json.dumps(answer).encode() + b"\n")

    def _ended(self, pid: int) -> int | None:
        found, status = os.waitpid(pid, os.WNOHANG)
        self._running.discard(found)
        return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    its_time = _Time()
    _load(its_time)
    gc.freeze()
    Server(its_time, sys.argv[1]).serve()


if __name__ == "__main__":
    main()

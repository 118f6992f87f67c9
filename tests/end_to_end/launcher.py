"""Starts the program as processes of their own, without loading it anew for each: most of a start is imports.

One process for all workers has everything loaded and forks (forked.py); it does nothing else. `python -m bot run`
itself is started in operation/test_start.py.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.end_to_end.clock import Clock
from tests.fixtures.paths import ROOT

LOOK_EVERY = 0.005
ENDS_WITHIN = 30.0
ANSWERS_WITHIN = 60.0
# The workers of one run of the tests share it.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))


class Forge:
    """The loaded process, as the tests see it. It ends when the last who asked it has ended."""

    def __init__(self) -> None:
        path = Path(tempfile.gettempdir()) / f"mikopbx-bot-{RUN}"
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._connection = _connected(path) or _started(path)
        self._connection.settimeout(ANSWERS_WITHIN)
        self._lines = self._connection.makefile("r")

    def ask(self, **order: Any) -> Any:
        self._connection.sendall(json.dumps(order).encode() + b"\n")
        return json.loads(self._lines.readline())


def _connected(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return connection


def _started(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-m", "tests.end_to_end.fork_server", str(path)], cwd=ROOT)
    while (connection := _connected(path)) is None:
        assert process.poll() is None, "the process that forks the program has ended"
        time.sleep(LOOK_EVERY)
    process.returncode = 0  # it outlives whoever started it
    return connection


@cache
def forge() -> Forge:
    return Forge()


class Started:
    """One run of the program; the same as what subprocess would give. It lives by `clock`, and what it prints goes to
    `log`, its errors too unless `errors` names a file of their own. `first` names a module to import in it before
    anything of it begins."""

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        log: Path,
        *command: str,
        errors: Path | None = None,
        first: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.pid: int = forge().ask(
            start=str(folder),
            environment=environment,
            command=command or ("run",),
            log=str(log),
            errors=str(errors or log),
            first=first,
            clock=asdict(clock or Clock()),
        )
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code once it has ended."""
        if self._code is None:
            self._code = forge().ask(ended=self.pid)
        return self._code

    def wait(self, within: float) -> int:
        ends = time.monotonic() + within
        while (code := self.poll()) is None:
            assert time.monotonic() < ends, f"still running after {within:.0f} s"
            time.sleep(LOOK_EVERY)
        return code

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def hang_up(self) -> None:
        self._signal(signal.SIGHUP)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


def run(folder: Path, environment: dict[str, str], *command: str, clock: Clock | None = None) -> Ended:
    """What `mikopbx-bot` with this command prints until it ends by itself, started in `folder`."""
    with tempfile.TemporaryDirectory() as kept:
        out, errors = Path(kept) / "stdout", Path(kept) / "stderr"
        code = Started(folder, environment, out, *command, errors=errors, clock=clock).wait(ENDS_WITHIN)
        return Ended(code, out.read_text(), errors.read_text())

"""Start the program as separate processes without importing it anew for each: most of a start is imports.

One process for all workers has everything loaded and forks (`fork_server.py`). operation/test_start.py starts `python
-m bot run` itself.
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
# Shared by the workers of one test run.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))


class Launcher:
    """Client of the fork server, which ends after its last client."""

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
    process.returncode = 0  # it outlives its parent
    return connection


@cache
def launcher() -> Launcher:
    return Launcher()


class Started:
    """One run of the program, like `subprocess.Popen`. It uses `clock`; stdout and stderr go to `log`, stderr to
    `errors` if given. `first` names a module to import before the program begins.
    """

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
        self.pid: int = launcher().ask(
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
        """Return the exit code once it has ended."""
        if self._code is None:
            self._code = launcher().ask(ended=self.pid)
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
    """Run a command of `mikopbx-bot` in `folder` until it exits; return its output."""
    with tempfile.TemporaryDirectory() as kept:
        out, errors = Path(kept) / "stdout", Path(kept) / "stderr"
        code = Started(folder, environment, out, *command, errors=errors, clock=clock).wait(ENDS_WITHIN)
        return Ended(code, out.read_text(), errors.read_text())

"""Starts the program as processes of their own, without loading it anew for each: most of a start is imports.

One process has everything loaded and forks (forked.py); it does nothing else. `python -m bot run` itself is started in
test_e2e_start.py.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from tests.end_to_end.clock import Clock

ROOT = Path(__file__).parent.parent.parent
LOOK_EVERY = 0.005


class Forge:
    """The loaded process, as the tests see it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.forked"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._close)

    def _close(self) -> None:
        self._process.communicate(timeout=10)

    def ask(self, **order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@cache
def forge() -> Forge:
    return Forge()


class Started:
    """One run of the program; the same as what subprocess would give. It lives by `clock`. `first` names a module to
    import in it before anything of it begins."""

    def __init__(
        self, folder: Path, environment: dict[str, str], log: Path, first: str = "", clock: Clock | None = None
    ) -> None:
        self.pid: int = forge().ask(
            start=str(folder),
            environment=environment,
            log=str(log),
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

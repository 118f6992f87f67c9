"""Starts the program as processes of their own, without loading it anew for each: most of a start is imports.

One process has everything loaded and forks; it does nothing else. `python -m bot run` itself is started in
test_e2e_start.py.
"""

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LOOK_EVERY = 0.02


class Forge:
    """The loaded process, as the tests see it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.forge"],
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
    """One run of the program; the same as what subprocess would give. `first` names a module to import in it before
    anything of it begins."""

    def __init__(self, folder: Path, environment: dict[str, str], log: Path, first: str = "") -> None:
        self.pid: int = forge().ask(start=str(folder), environment=environment, log=str(log), first=first)
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


def _run(order: dict[str, Any]) -> None:
    """In the new process: become what `python -m bot run` is."""
    os.chdir(order["start"])
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, number)
    time.tzset()
    code = 1
    try:
        _hurry(float(os.environ.pop("TESTS_HURRY", "1")))
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


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    # Nothing of it may begin to run here: what is forked has no other thread, and nothing open.
    import bot.application
    import bot.cli  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            answer = _ended(order["ended"])
        elif (answer := os.fork()) == 0:
            _run(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

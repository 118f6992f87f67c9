"""Faults of the program's database: an exclusive lock and a full disk."""

import resource
import sqlite3
import threading
from pathlib import Path

UNLIMITED = resource.RLIM_INFINITY


class Lock:
    """Hold an exclusive lock on the database for `seconds`."""

    def __init__(self, database: Path, seconds: float) -> None:
        self._database = sqlite3.connect(database, timeout=20, isolation_level=None, check_same_thread=False)
        self._database.execute("BEGIN EXCLUSIVE")
        self._timer = threading.Timer(seconds, self._release)
        self._timer.start()

    def _release(self) -> None:
        self._database.rollback()
        self._database.close()

    def wait(self) -> None:
        self._timer.join()


def fill_disk(pid: int, folder: Path) -> None:
    """Stop all files of the program from growing, which SQLite reports as a full disk."""
    largest = max(file.stat().st_size for file in folder.iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, UNLIMITED))


def free_disk(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))

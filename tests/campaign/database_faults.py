"""Faults of the program's database: another holds its lock, and it takes no writes. On SQLite an exclusive lock and a
full disk; on PostgreSQL every connection is ended before the lock is taken, and the server fails and comes back.
"""

import resource
import sqlite3
import threading
from pathlib import Path

import psycopg

from tests.fixtures import postgresql
from tests.fixtures.stored import ON_POSTGRESQL, SqliteFile, Stored

UNLIMITED = resource.RLIM_INFINITY
LOCKED = "connections ended, database locked" if ON_POSTGRESQL else "database locked"
DOWN = "database server failed" if ON_POSTGRESQL else "disk full"


class Lock:
    """Hold the lock of the database for `seconds`."""

    def __init__(self, database: Stored, seconds: float) -> None:
        self._holder = _locked_file(database.path) if isinstance(database, SqliteFile) else _locked(database.address)
        self._timer = threading.Timer(seconds, self._release)
        self._timer.start()

    def _release(self) -> None:
        self._holder.rollback()
        self._holder.close()

    def wait(self) -> None:
        self._timer.join()


def _locked_file(path: Path) -> sqlite3.Connection:
    holder = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def _locked(address: str) -> psycopg.Connection:
    postgresql.server().end_connections()
    holder = psycopg.connect(address)
    holder.execute(f"SELECT pg_advisory_xact_lock({postgresql.LOCK})")
    return holder


def take_down(pid: int, folder: Path) -> None:
    """End the server; or stop all files of the program from growing, which SQLite reports as a full disk."""
    if ON_POSTGRESQL:
        postgresql.server().suspend()
        return
    largest = max(file.stat().st_size for file in folder.iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, UNLIMITED))


def bring_back(pid: int) -> None:
    """`pid`: 0 if the program has ended."""
    if ON_POSTGRESQL:
        postgresql.server().resume()
    elif pid:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))

"""A store that is up to date, made once: a copy of it opens many times faster than a new one."""

import asyncio
import atexit
import shutil
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.util import await_, greenlet_spawn

from bot.store.database import Store


@cache
def empty() -> Path:
    """The file of a store in which nothing is."""
    folder = Path(tempfile.mkdtemp(prefix="mikopbx-bot-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "bot.sqlite3"

    async def create() -> None:
        store = Store(f"sqlite:///{path}")
        await store.open()
        await store.close()

    # In a thread of its own: where it is asked for, a loop may be running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(create())).result()
    return path


@cache
def _empty_bytes() -> bytes:
    with closing(sqlite3.connect(empty())) as file, closing(sqlite3.connect(":memory:")) as memory:
        file.backup(memory)
        written = bytearray(memory.serialize())
    # The header's versions for writing and reading: there is no write-ahead log in memory.
    written[18:20] = b"\x01\x01"
    return bytes(written)


async def fast(path: Path) -> Store:
    """The store of this file, open, for tests in which nobody else has it open."""
    store = hurried(path)
    await store.open()
    return store


def hurried(path: Path) -> Store:
    """It needs no disk that survives a loss of power, and no thread that waits for it."""
    return _hurried(Store(f"sqlite:///{path}"), partial(_of_file, path))


# Nobody opens a file of that name.
IN_MEMORY = "sqlite:////nowhere/in-memory"


def in_memory() -> Store:
    """An empty store, open, of which there is no file and no second connection: it ends with its first one."""
    return _hurried(Store(IN_MEMORY), _Once())


class _Nothing:
    """Awaited wherever the asynchronous driver waits: whoever would wait where nobody can is refused here too."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_NOTHING = _Nothing()


class _Cursor(sqlite3.Cursor):
    """As SQLAlchemy's cursor over an asynchronous driver: all rows are there once it was executed."""

    _rows: deque[Any]

    def execute(self, statement: str, parameters: Any = ()) -> "_Cursor":
        await_(_NOTHING)
        super().execute(statement, parameters)
        self._rows = deque(super().fetchall())
        return self

    def executemany(self, statement: str, parameters: Any) -> "_Cursor":
        await_(_NOTHING)
        super().executemany(statement, parameters)
        return self

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def _async_soft_close(self) -> None:
        """Nothing is left to be fetched."""


class _Connection(sqlite3.Connection):
    """As SQLAlchemy's connection over an asynchronous driver, and it never waits: a thousand times less is switched."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    @property
    def _connection(self) -> "_Connection":
        return self

    def terminate(self) -> None:
        self.close()


def _of_file(path: Path) -> _Connection:
    return sqlite3.connect(path, check_same_thread=False, factory=_Connection)


class _Once:
    """Connects once: what is in memory would be lost without a word."""

    def __init__(self) -> None:
        self._has_connected = False

    def __call__(self) -> _Connection:
        if self._has_connected:
            raise AssertionError("the only connection of a store in memory is gone: this test needs a file")
        self._has_connected = True
        connection = sqlite3.connect(":memory:", check_same_thread=False, factory=_Connection)
        connection.deserialize(_empty_bytes())
        return connection


@cache
def _experienced() -> Any:
    """What is compiled for it is of use to every store of the tests: each would compile the same statements anew."""
    engine: Any = Store(IN_MEMORY)._engine.sync_engine
    engine.pool._creator = _Once()
    with suppress(StopIteration):
        # Nothing in it waits, so that no loop is needed, which may be running already.
        greenlet_spawn(lambda: engine.connect().close()).send(None)
    return engine


def _hurried(store: Store, connect: Callable[[], _Connection]) -> Store:
    engine: Any = store._engine.sync_engine
    experienced = _experienced()
    engine.dialect = engine.pool._dialect = experienced.dialect
    engine._compiled_cache = experienced._compiled_cache
    engine.pool._creator = connect
    event.listen(engine, "connect", _hurry)
    return store


def _hurry(connection: _Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


async def _at_once(deed: Any, *args: Any, **more: Any) -> Any:
    """Takes the place of `aiosqlite.Connection._execute` where a test keeps that driver."""
    return deed(*args, **more)

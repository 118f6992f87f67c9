"""aiosqlite with one call to its thread per statement.

aiosqlite makes one each for the cursor, the statement, the rows and the close, with two thread switches each. Only the
statement can be slow; here its rows are fetched in the same call.
"""

import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Any

import aiosqlite


class _Cursor(aiosqlite.Cursor):
    def __init__(self, conn: aiosqlite.Connection, cursor: sqlite3.Cursor) -> None:
        super().__init__(conn, cursor)
        self._fetched: list[Any] = []
        # A statement whose task was cancelled is still running in the thread.
        self._is_busy = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "_Cursor":
        self._is_busy = True
        self._fetched = await self._execute(self._execute_and_fetch, sql, parameters or ())  # type: ignore[no-untyped-call]
        self._is_busy = False
        return self

    def _execute_and_fetch(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description else []

    async def fetchall(self) -> list[Any]:
        fetched, self._fetched = self._fetched, []
        return fetched

    async def close(self) -> None:
        if self._is_busy:
            await super().close()
        else:
            self._cursor.close()


class _SqliteConnection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]
        """SQLAlchemy enters the cursor and never awaits it."""
        return _Cursor(self, self._conn.cursor())


async def connect(path: str) -> aiosqlite.Connection:
    connection = _SqliteConnection(partial(sqlite3.connect, path, check_same_thread=False), iter_chunk_size=64)
    # As in SQLAlchemy: the program's exit does not wait for the thread.
    vars(connection)["_thread"].daemon = True
    return await connection

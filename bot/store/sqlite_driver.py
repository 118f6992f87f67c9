"""SQLite with one visit to its thread for each statement.

aiosqlite goes there and back for the cursor, the statement, its rows, and to close it, and each time two threads wait
for each other. Only the statement can take long, and its rows come with it.
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
        # A statement whose waiting was cancelled is still being carried out.
        self._is_busy = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "_Cursor":
        self._is_busy = True
        self._fetched = await self._execute(self._carried_out, sql, parameters or ())  # type: ignore[no-untyped-call]
        self._is_busy = False
        return self

    def _carried_out(self, sql: str, parameters: Any) -> list[Any]:
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


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]
        """As SQLAlchemy wants it: entered, and never awaited."""
        return _Cursor(self, self._conn.cursor())


async def connect(path: str) -> aiosqlite.Connection:
    connection = _Connection(partial(sqlite3.connect, path, check_same_thread=False), iter_chunk_size=64)
    # As SQLAlchemy has it: a program that ends does not wait for it.
    vars(connection)["_thread"].daemon = True
    return await connection

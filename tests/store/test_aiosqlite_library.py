"""Contract with aiosqlite and SQLAlchemy: the private parts that bot/store/sqlite_driver.py relies on."""

import inspect
import sqlite3
import threading
from typing import Any

import aiosqlite
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from bot.store import sqlite_driver


async def test_a_connection_has_a_thread_that_may_become_a_daemon_before_it_is_started() -> None:
    connection = aiosqlite.Connection(lambda: sqlite3.connect(":memory:", check_same_thread=False), iter_chunk_size=64)
    thread = vars(connection)["_thread"]
    assert isinstance(thread, threading.Thread)
    assert not thread.is_alive()
    thread.daemon = True
    async with connection:
        assert thread.is_alive()
        # The connection itself, for cursors that are made outside of its thread.
        assert isinstance(connection._conn, sqlite3.Connection)


async def test_a_cursor_is_made_of_both_connections_and_runs_functions_in_the_thread() -> None:
    async with aiosqlite.connect(":memory:") as connection:
        plain = sqlite3.connect(":memory:", check_same_thread=False)
        cursor = aiosqlite.Cursor(connection, plain.cursor())
        assert isinstance(cursor._cursor, sqlite3.Cursor)

        def where(*given: Any) -> tuple[int, tuple[Any, ...]]:
            return threading.get_ident(), given

        thread, given = await cursor._execute(where, "select 1", ())  # type: ignore[no-untyped-call]
        assert thread != threading.get_ident()
        assert given == ("select 1", ())
        with pytest.raises(sqlite3.OperationalError):
            await cursor._execute(cursor._cursor.execute, "no sql")  # type: ignore[no-untyped-call]
        plain.close()


def test_the_methods_of_a_cursor_that_are_replaced_have_these_parameters() -> None:
    found = {name: [*inspect.signature(getattr(aiosqlite.Cursor, name)).parameters] for name in ("execute", "fetchall")}
    assert found == {"execute": ["self", "sql", "parameters"], "fetchall": ["self"]}
    assert inspect.iscoroutinefunction(aiosqlite.Cursor.close)


async def test_sqlalchemy_enters_a_cursor_without_awaiting_it_and_reads_all_rows_of_a_statement_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    kind = sqlite_driver._Cursor
    for name in ("execute", "fetchall", "fetchone", "fetchmany", "close", "__aenter__"):
        original = getattr(kind, name)

        def counted(self: Any, *args: Any, name: str = name, original: Any = original, **more: Any) -> Any:
            calls.append(name)
            return original(self, *args, **more)

        monkeypatch.setattr(kind, name, counted)

    async def connected() -> aiosqlite.Connection:
        return await sqlite_driver.connect(":memory:")

    engine = create_async_engine("sqlite+aiosqlite://", async_creator=connected, poolclass=StaticPool)
    async with engine.connect() as connection:
        calls.clear()
        rows = await connection.exec_driver_sql("select ? union select 2", (1,))
        found = rows.fetchall()
    await engine.dispose()
    assert found == [(1,), (2,)]
    # A cursor is entered and never awaited.
    assert calls == ["__aenter__", "execute", "fetchall", "close"]

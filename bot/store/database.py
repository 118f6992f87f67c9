"""Database access: one engine, SQLite in WAL mode, migrated before first use."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.runtime import file_modes
from bot.store import sqlite_driver

# Newest revision in migrations/versions. Kept here so that a normal start does not import Alembic (half a second).
NEWEST_REVISION = "0011"
MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_TIMEOUT = "busy_timeout=10000"

# The only names of SQLAlchemy outside this package.
Session = AsyncSession
DatabaseError = SQLAlchemyError
__all__ = ["Database", "DatabaseError", "OperationalError", "Session"]

log = structlog.get_logger(__name__)

_atomic_session: ContextVar[AsyncSession | None] = ContextVar("whole", default=None)


def async_url(url: str) -> str:
    """Add the async driver to `sqlite:///x` and `postgresql://…`."""
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        parsed = parsed.set(drivername="sqlite+aiosqlite")
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+asyncpg")
    return parsed.render_as_string(hide_password=False)


def _pool_options(url: str) -> dict[str, Any]:
    """Limit SQLite to one connection. It has one writer, and every transaction here writes: tasks that wait for a
    pooled connection queue in order, tasks that wait for SQLite's lock poll it until the busy timeout and may starve.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return {}
    creator = partial(sqlite_driver.connect, parsed.database or ":memory:")
    return {"pool_size": 1, "max_overflow": 0, "pool_timeout": 10, "async_creator": creator}


class Database:
    """Open database. `async with store.begin() as session:` is one transaction: committed at the end of the block,
    rolled back on an error. Only Store commits a session."""

    def __init__(self, url: str) -> None:
        self._url = async_url(url)
        # Error texts contain the statement, but not the parameters, which hold user input.
        self._engine = create_async_engine(self._url, hide_parameters=True, **_pool_options(self._url))
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._queue_lock = asyncio.Lock()
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_immediate)
            event.listen(self._engine.sync_engine, "invalidate", _rollback_on_invalidate)

    async def open(self) -> None:
        """Create the file if it is missing, and migrate the schema; idempotent."""
        if self._engine.dialect.name == "sqlite":
            file_modes.make_private(make_url(self._url).database or ":memory:")
        async with self._engine.connect() as connection:
            current = await connection.run_sync(_revision)
        if current != NEWEST_REVISION:
            await self._migrate(is_new=current is None)

    async def _migrate(self, *, is_new: bool) -> None:
        """Migrate over a connection of its own, without foreign keys: SQLite alters a table by recreating it, and
        cannot drop the old one while rows refer to it."""
        engine = create_async_engine(self._url, hide_parameters=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "begin", _begin_immediate)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
            if engine.dialect.name == "sqlite" and not is_new:
                await _outside_transactions(engine, "VACUUM")
        finally:
            await engine.dispose()
        if not is_new:
            await self.checkpoint()

    async def close(self) -> None:
        await self._engine.dispose()

    async def checkpoint(self) -> None:
        """Write the WAL into the database file and truncate it, so that deleted data is in neither. Skipped while
        another process reads, e.g. a backup."""
        if self._engine.dialect.name == "sqlite":
            await _outside_transactions(self._engine, "PRAGMA busy_timeout=0", "PRAGMA wal_checkpoint(TRUNCATE)")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Begin a transaction in a new session; inside `atomic`, a savepoint in the session of that."""
        if (outer := _atomic_session.get()) is not None:
            async with outer.begin_nested():
                yield outer
            return
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def begin_queued(self) -> AsyncIterator[AsyncSession]:
        """`begin` for tasks that may come in large numbers, e.g. when a thousand PBXs go down at once: they queue for
        one another, without a timeout, and any other task waits for one of them at most."""
        if _atomic_session.get() is not None:
            async with self.begin() as session:
                yield session
            return
        async with self._queue_lock, self.begin() as session:
            yield session

    @asynccontextmanager
    async def atomic(self) -> AsyncIterator[AsyncSession]:
        """Make all transactions begun inside one transaction in one session. Do not wait for external events inside:
        the database has one writer."""
        async with self._sessions.begin() as session:
            token = _atomic_session.set(session)
            try:
                yield session
            finally:
                _atomic_session.reset(token)


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # In WAL mode NORMAL survives a killed process, FULL also a power loss. Without a limit the WAL stays as large as
    # the largest transaction.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        BUSY_TIMEOUT,
        "journal_size_limit=8000000",
        # Overwrite deleted data: otherwise it stays in the file until it is reused.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def _outside_transactions(engine: AsyncEngine, *statements: str) -> None:
    """Run the statements outside transactions. Errors are logged only: no caller depends on the result."""

    def execute(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        try:
            for statement in statements:
                cursor.execute(statement)
        finally:
            cursor.execute(f"PRAGMA {BUSY_TIMEOUT}")
            cursor.close()

    try:
        async with engine.connect() as connection:
            await connection.run_sync(execute)
    except (SQLAlchemyError, sqlite3.Error) as error:
        log.warning("database maintenance failed", reason=str(error).partition("\n")[0])


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads and then writes would otherwise fail with "database is locked" at once, without the busy
    # timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _rollback_on_invalidate(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _error: BaseException | None
) -> None:
    # A connection is closed when its task is cancelled. Measured: while a cursor of it is still referenced, SQLite
    # keeps the transaction open and blocks all other sessions.
    with contextlib.suppress(sqlite3.Error):
        connection.rollback()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Database access: transactions in the database's own thread, SQLite in WAL mode, migrated before first use."""

import asyncio
import contextvars
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from bot.runtime import file_modes
from bot.runtime.waiting import signals_deferred

# Newest revision in migrations/versions. Kept here so that a normal start does not import Alembic (half a second).
NEWEST_REVISION = "0011"
MIGRATIONS = Path(__file__).parent / "migrations"
# What they make of an empty file, written by `make docs`: running them all would take half a second of the first start.
NEWEST_SCHEMA = MIGRATIONS / "newest.sql"
STATEMENT_END = ";\n\n"

BUSY_TIMEOUT = "busy_timeout=10000"

# The only names of SQLAlchemy outside this package.
DatabaseError = SQLAlchemyError
__all__ = ["Database", "DatabaseError", "OperationalError", "Session", "WaitedOutside"]

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

# Session of the transaction that `atomic` carries out, in its thread only.
_atomic_session: ContextVar[Session | None] = ContextVar("atomic_session", default=None)


class WaitedOutside(Exception):
    """Work in one transaction waited for something outside of it: for the network, for another task, for a moment."""


class _Abandoned(Exception):
    """The task that waited for the transaction was cancelled."""


class Database:
    """Open database. A transaction is a plain function over a session, carried out in a thread of the database's own:
    it cannot wait for anything outside. Only Database commits a session."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        # Error texts contain the statement, but not the parameters, which hold user input.
        self._engine = create_engine(self._url, hide_parameters=True, **_engine_options(self._url))
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        # SQLite has one writer, and every transaction here writes: those that wait for the thread are served in order,
        # while those that wait for SQLite's lock poll it until the busy timeout and may starve.
        self._threads: Executor = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._queue_lock = asyncio.Lock()
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_immediate)

    async def open(self) -> None:
        """Create the file if it is missing, or migrate its schema; idempotent."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Wait for the transactions under way, and close the connections."""
        await self._in_thread(self._engine.dispose)
        self._threads.shutdown(wait=False)

    async def checkpoint(self) -> None:
        """Write the WAL into the database file and truncate it, so that deleted data is in neither. Skipped while
        another process reads, e.g. a backup."""
        await self._in_thread(self._checkpoint)

    async def run(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry out `work(session, …)` as one transaction: committed at its end, rolled back on an error and when the
        waiting task is cancelled. Inside `atomic`, a savepoint of that transaction.

        `work` runs in another thread than the event loop, and changes nothing but the database. Signals that it sends
        are delivered after the commit, and not at all without one.
        """
        bound = partial(_call, work, args, kwargs)
        if (session := _atomic_session.get()) is not None:
            with session.begin_nested():
                return bound(session)
        abandoned = threading.Event()
        with signals_deferred() as signals:
            try:
                result = await self._in_thread(partial(self._carry_out, bound, abandoned))
            except asyncio.CancelledError:
                # One that is being committed already is committed.
                abandoned.set()
                raise
        signals.deliver()
        return result

    async def run_queued(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`run` for tasks that may come in large numbers, e.g. when a thousand PBXs go down at once: they queue for one
        another, and any other task waits for one of them at most."""
        if _atomic_session.get() is not None:
            return await self.run(work, *args, **kwargs)
        async with self._queue_lock:
            return await self.run(work, *args, **kwargs)

    async def atomic(self, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Carry out a coroutine as one transaction, which every `run` inside joins. Raises WaitedOutside, after a
        rollback, if it waits for anything else."""
        return await self.run(_drive, work)

    def begin(self) -> AbstractContextManager[Session]:
        """Begin a transaction in the calling thread, which waits for the database: for code without an event loop."""
        return self._sessions.begin()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def _carry_out(self, work: Callable[[Session], T], abandoned: threading.Event) -> T:
        with self._sessions.begin() as session:
            result = work(session)
            if abandoned.is_set():
                raise _Abandoned
            return result

    def _open(self) -> None:
        if self._engine.dialect.name == "sqlite":
            file_modes.make_private(self._url.database or ":memory:")
        with self._engine.begin() as connection:
            current = _revision(connection)
            if current is None:
                _create(connection)
        if current not in (None, NEWEST_REVISION):
            self._migrate()

    def _migrate(self) -> None:
        """Migrate over a connection of its own, without foreign keys: SQLite alters a table by recreating it, and
        cannot drop the old one while rows refer to it."""
        engine = create_engine(self._url, hide_parameters=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "begin", _begin_immediate)
        try:
            with engine.begin() as connection:
                _upgrade(connection)
            if engine.dialect.name == "sqlite":
                _outside_transactions(engine, "VACUUM")
        finally:
            engine.dispose()
        self._checkpoint()

    def _checkpoint(self) -> None:
        if self._engine.dialect.name == "sqlite":
            _outside_transactions(self._engine, "PRAGMA busy_timeout=0", "PRAGMA wal_checkpoint(TRUNCATE)")


def _call(work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], session: Session) -> T:
    return work(session, *args, **kwargs)


def _drive(session: Session, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end without an event loop."""
    coroutine = work(session)
    token = _atomic_session.set(session)
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    finally:
        _atomic_session.reset(token)
        coroutine.close()
    raise WaitedOutside


def _engine_options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "sqlite":
        return {}
    # Only one thread uses it at a time, but for `begin`, which waits for its turn in the pool.
    return {"pool_size": 1, "max_overflow": 0, "pool_timeout": 10, "connect_args": {"check_same_thread": False}}


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


def _outside_transactions(engine: Engine, *statements: str) -> None:
    """Run the statements outside transactions. Errors are logged only: no caller depends on the result."""
    try:
        with engine.connect() as connection:
            cursor = connection.connection.cursor()
            try:
                for statement in statements:
                    cursor.execute(statement)
            finally:
                cursor.execute(f"PRAGMA {BUSY_TIMEOUT}")
                cursor.close()
    except (SQLAlchemyError, sqlite3.Error) as error:
        log.warning("database maintenance failed", reason=str(error).partition("\n")[0])


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads and then writes would otherwise fail with "database is locked" at once, without the busy
    # timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _create(connection: Connection) -> None:
    *statements, _ = NEWEST_SCHEMA.read_text().split(STATEMENT_END)
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (NEWEST_REVISION,))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Database access: transactions in the database's own thread, in SQLite or PostgreSQL, migrated before first use."""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from bot.runtime.waiting import signals_deferred
from bot.store import sqlite
from bot.store.database_errors import NewerSchema, database_message, is_rolled_back
from bot.store.schema import NEWEST_REVISION, revision_of, upgrade

# A transaction that the database itself rolled back is carried out this often.
MAX_ATTEMPTS = 5
# Measured, 1,000 PBXs seen for the first time on a busy machine: one by one, each record took 2 ms of processor time
# and 10 ms more for the disk, 10 ms for its turn in the event loop.
BATCH_SIZE = 20

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


class _Queued:
    """Transaction that waits for others: its work, in the context of the task that waits for the result."""

    def __init__(self, work: Callable[[Session], Any], context: contextvars.Context) -> None:
        self._work = work
        self._context = context
        self.abandoned = threading.Event()
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def run(self, session: Session) -> Any:
        return self._context.run(self._work, session)

    def finish(self, result: object) -> None:
        if not self.result.done():
            self.result.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.result.done():
            self.result.set_exception(error)


class Database:
    """Open database. A transaction is a plain function over a session, carried out in a thread of the database's own:
    it cannot wait for anything outside. Only Database commits a session. One that is `read_only` takes no lock and
    refuses every change: for a look beside the running bot."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._url = make_url(url)
        # Error texts contain the statement, but not the parameters, which hold user input.
        self._engine = _open_engine(self._url, read_only=read_only)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        # One writer, and every transaction here writes: those that wait for the thread are served in order, while those
        # that wait for SQLite's lock poll it until the busy timeout and may starve.
        self._threads: Executor = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._queue: deque[_Queued] = deque()
        self._queue_task: asyncio.Task[None] | None = None

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    async def open(self) -> None:
        """Create the file if it is missing, or migrate its schema; idempotent."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Wait for the transactions under way, and close the connections."""
        await self._in_thread(self._engine.dispose)
        self._threads.shutdown(wait=False)

    async def checkpoint(self) -> None:
        """Remove deleted data from the files of SQLite: see `sqlite.truncate_wal`."""
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
        """`run` for tasks that may come in large numbers, e.g. when a thousand PBXs go down at once: up to BATCH_SIZE
        that wait are one transaction, the most that any other task waits for. After an error each is carried out again,
        alone."""
        if _atomic_session.get() is not None:
            return await self.run(work, *args, **kwargs)
        with signals_deferred() as signals:
            queued = _Queued(partial(_call, work, args, kwargs), contextvars.copy_context())
            self._queue.append(queued)
            if self._queue_task is None or self._queue_task.done():
                self._queue_task = asyncio.create_task(self._run_queue())
            try:
                result: T = await queued.result
            except asyncio.CancelledError:
                queued.abandoned.set()
                raise
        signals.deliver()
        return result

    async def atomic(self, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Carry out a coroutine as one transaction, which every `run` inside joins. Raises WaitedOutside, after a
        rollback, if it waits for anything else."""
        return await self.run(_drive, work)

    def begin(self) -> AbstractContextManager[Session]:
        """Begin a transaction in the calling thread, which waits for the database: for code without an event loop."""
        return self._sessions.begin()

    async def _run_queue(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH_SIZE, len(self._queue)))]
            try:
                results = await self._in_thread(partial(self._carry_out_together, batch))
            except Exception:
                await asyncio.gather(*(self._run_alone(queued) for queued in batch))
                continue
            for queued, result in zip(batch, results, strict=True):
                queued.finish(result)

    async def _run_alone(self, queued: "_Queued") -> None:
        try:
            queued.finish(await self._in_thread(partial(self._carry_out, queued.run, queued.abandoned)))
        except Exception as error:
            queued.fail(error)

    def _carry_out_together(self, batch: "list[_Queued]") -> list[Any]:
        def together(session: Session) -> list[Any]:
            return [None if one.abandoned.is_set() else one.run(session) for one in batch]

        return self._attempt(together, threading.Event())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def _carry_out(self, work: Callable[[Session], T], abandoned: threading.Event) -> T:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._attempt(work, abandoned)
            except DBAPIError as error:
                if attempt == MAX_ATTEMPTS or not is_rolled_back(error):
                    raise
                log.info("transaction rolled back by the database, repeated", reason=database_message(error))
        raise AssertionError("unreachable")

    def _attempt(self, work: Callable[[Session], T], abandoned: threading.Event) -> T:
        committing = ""
        try:
            with self._sessions.begin() as session:
                result = work(session)
                if abandoned.is_set():
                    raise _Abandoned
                committing = self._transaction_of(session)
        except DBAPIError as error:
            if not (committing and error.connection_invalidated and self._was_committed(committing)):
                raise
        return result

    def _transaction_of(self, session: Session) -> str:
        """Return the number of the transaction; "" for SQLite, whose commit ends one way or the other."""
        if self.is_sqlite:
            return ""
        from bot.store import postgresql

        return postgresql.transaction_of(session.connection())

    def _was_committed(self, transaction: str) -> bool:
        from bot.store import postgresql

        return postgresql.was_committed(self._engine, transaction)

    def _open(self) -> None:
        if self.is_sqlite:
            sqlite.create_file(self._url)
        with self._engine.begin() as connection:
            current = revision_of(connection)
            if current is not None and current > NEWEST_REVISION:
                raise NewerSchema(current, NEWEST_REVISION)
            if current is None and self.is_sqlite:
                sqlite.create_tables(connection, NEWEST_REVISION)
                current = NEWEST_REVISION
        if current != NEWEST_REVISION:
            self._migrate()

    def _migrate(self) -> None:
        engine = sqlite.open_migration_engine(self._url) if self.is_sqlite else self._engine
        with engine.begin() as connection:
            upgrade(connection)
        if self.is_sqlite:
            sqlite.vacuum(engine)
            engine.dispose()
            self._checkpoint()

    def _checkpoint(self) -> None:
        if self.is_sqlite:
            sqlite.truncate_wal(self._engine)


def _open_engine(url: URL, *, read_only: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        return sqlite.open_reading_engine(url) if read_only else sqlite.open_engine(url)
    # Loaded only where it is used, and installed only with the extra of that name.
    from bot.store import postgresql

    return postgresql.open_engine(url, read_only=read_only)


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

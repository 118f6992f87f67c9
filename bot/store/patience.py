"""The disk is full, or somebody else holds the database: what has to be written waits until it can be."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

log = structlog.get_logger(__name__)

# What SQLite says of a full disk, of a broken one and of a lock, and what waiting for the one connection comes to.
UNWRITABLE = (OperationalError, TimeoutError)
AGAIN_AFTER = 2.0


async def until_written(
    deed: Callable[[], Awaitable[None]], stop: asyncio.Event | None = None, again_after: float = AGAIN_AFTER
) -> None:
    """Do it, again and again until the database takes it, or until `stop`. What was not committed has not happened."""
    stop = stop or asyncio.Event()
    while not stop.is_set():
        try:
            return await deed()
        except UNWRITABLE as error:
            reason = str(error.orig if isinstance(error, DBAPIError) else error)
            log.error("the database takes nothing now; it is tried again. Is the disk full?", reason=reason)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), again_after)

"""Retry a task after database errors, and shorten their text for the log."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.runtime.logs import Changes
from bot.runtime.tasks import Deed
from bot.runtime.waiting import wait_for

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 30.0


async def persistently(name: str, deed: Deed, stop: asyncio.Event) -> None:
    """Run a task and retry it after database errors (disk full, lock timeout), with a pause of up to LONGEST_PAUSE.

    The task keeps all of its state in the database.
    """
    trouble = Changes()
    pause = 1.0
    while not stop.is_set():
        try:
            await deed()
        except SQLAlchemyError as error:
            if trouble.are(type(error).__name__):
                log.error("database error, task retried", job=name, reason=first_line(error))
            await wait_for(stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


def first_line(error: SQLAlchemyError) -> str:
    """Return the message of the database, without the statement and links that follow it."""
    return str(error).partition("\n")[0]

"""Retry a task after database errors, and shorten their text for the log."""

import asyncio
import re

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.runtime.logs import OnChange
from bot.runtime.tasks import Job
from bot.runtime.waiting import sleep_or_stop

log = structlog.get_logger(__name__)

MAX_PAUSE = 30.0
# SQLSTATE of PostgreSQL for a transaction that is rolled back and may be repeated: serialization failure, deadlock.
ROLLED_BACK = ("40001", "40P01")
# By the beginning of the name that SQLite gives an error.
REMEDIES = {
    "SQLITE_NOTADB": "its file is no SQLite database; name another file, or move this one away",
    "SQLITE_CORRUPT": "its file is damaged; restore it from a backup",
    "SQLITE_CANTOPEN": "its file cannot be opened; the file and its folder must belong to the bot's account",
    "SQLITE_READONLY": "its file cannot be written to; the file and its folder must belong to the bot's account",
    "SQLITE_PERM": "its file cannot be written to; the file and its folder must belong to the bot's account",
    "SQLITE_FULL": "its disk is full; make room and start again",
    "SQLITE_IOERR": "its disk cannot be read or written; see whether it is full",
}


class UnusableSchema(SQLAlchemyError):
    """Database that is not this release's; `str()` says what to do."""


class ForeignSchema(UnusableSchema):
    def __init__(self) -> None:
        super().__init__("it has the tables of another program; name a file or a database that is the bot's alone")


class NewerSchema(UnusableSchema):
    def __init__(self, found: str, newest: str) -> None:
        super().__init__(
            f"it was written by a newer release (schema {found}, this one knows {newest}); install that release again, "
            "or restore the backup made before the upgrade"
        )


async def retry_on_database_error(name: str, job: Job, stop: asyncio.Event) -> None:
    """Run a task and retry it after database errors (disk full, lock timeout) until it returns or `stop` is set, with
    pauses from 1 s, doubled up to MAX_PAUSE.

    The task keeps all of its state in the database.
    """
    last_error = OnChange()
    pause = 1.0
    while not stop.is_set():
        try:
            await job()
        except SQLAlchemyError as error:
            if last_error.is_new(type(error).__name__):
                log.error("database error, task retried", job=name, reason=database_message(error))
            await sleep_or_stop(stop, pause)
            pause = min(pause * 2, MAX_PAUSE)
        else:
            return


def database_message(error: SQLAlchemyError) -> str:
    """Return the message of the database, without the name of its class, the statement and links."""
    return re.sub(r"^\([\w.]+\) ", "", str(error).partition("\n")[0])


def database_remedy(error: SQLAlchemyError) -> str | None:
    """Return what an administrator has to do about the file of SQLite; None where a retry may help."""
    if isinstance(error, UnusableSchema):
        return str(error)
    name = str(getattr(getattr(error, "orig", None), "sqlite_errorname", ""))
    return next((remedy for prefix, remedy in REMEDIES.items() if name.startswith(prefix)), None)


def is_rolled_back(error: DBAPIError) -> bool:
    """Return True if the database rolled the transaction back for the sake of another one."""
    return getattr(error.orig, "sqlstate", None) in ROLLED_BACK

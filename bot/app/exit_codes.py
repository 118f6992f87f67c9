"""Exit codes of the program, and the log line for each."""

import os
import threading

import structlog

from bot.config.errors import WrongSettings
from bot.store.database import DatabaseError
from bot.store.database_errors import database_message, database_remedy
from bot.telegram.errors import SecondCopy, TokenRefused

log = structlog.get_logger(__name__)

FAILED = 1
WRONG_SETTINGS = 2
TOKEN_REFUSED = 3
SECOND_COPY = 4
# Longer than the shutdown timeout of every part. Seconds.
LEAVES_WITHIN = 1.5


def exit_code_for(error: BaseException) -> int:
    """Log the remedy; return the exit code."""
    if isinstance(error, TokenRefused):
        log.error("Telegram rejects TELEGRAM_TOKEN; copy it again from @BotFather")
        return TOKEN_REFUSED
    if isinstance(error, SecondCopy):
        log.error(
            "another instance polls with this TELEGRAM_TOKEN and each takes the other's updates, the bot exits; stop "
            "the other, or give each a token of its own, before starting this one again",
            polls=str(error),
        )
        return SECOND_COPY
    if isinstance(error, WrongSettings):
        for line in error.lines:
            log.error(line)
        return WRONG_SETTINGS
    if isinstance(error, DatabaseError):
        if (remedy := database_remedy(error)) is not None:
            return exit_code_for(WrongSettings([f"DATABASE_URL: {remedy}"]))
        log.error(
            "database error, the bot exits; check DATABASE_URL, its disk and permissions",
            reason=database_message(error),
        )
        return FAILED
    log.error("task failed, the bot exits", exc_info=error)
    return FAILED


def force_exit_after(code: int) -> None:
    """Exit even if a thread still waits for a locked disk or a name server; all state is in the database."""
    leaving = threading.Timer(LEAVES_WITHIN, os._exit, (code,))
    leaving.daemon = True
    leaving.start()

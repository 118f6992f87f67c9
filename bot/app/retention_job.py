"""Retention job: delete expired rows, each after its time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.config.settings import Settings
from bot.incidents import silence_store
from bot.runtime.clock import Clock
from bot.runtime.waiting import sleep_or_stop
from bot.store import retention, unreadable_secrets
from bot.store.database import Database, DatabaseError, Session
from bot.store.oncall.calendars import UNREADABLE
from bot.store.unreadable_secrets import UnreadableSecrets

log = structlog.get_logger(__name__)

# Delay of the first run, which would slow down the start. Seconds.
RETENTION_FIRST_AFTER = 60.0
RETENTION_EVERY = 600.0


class RetentionJob:
    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        await sleep_or_stop(stop, RETENTION_FIRST_AFTER)
        while not stop.is_set():
            await run_retention(self._database, self._clock(), self._settings.history_kept, self._settings.audit_kept)
            await sleep_or_stop(stop, RETENTION_EVERY)


async def run_retention(database: Database, now: datetime, history_kept: timedelta, audit_kept: timedelta) -> None:
    """Delete expired rows; retried in the next run after a database error."""
    history = now - history_kept
    try:
        await retention.delete_expired(database, now)
        await database.run(silence_store.forget_old, history)
        await retention.delete_history(database, history)
        await retention.delete_audit(database, now - audit_kept)
        await database.checkpoint()
    except DatabaseError:
        log.exception("retention failed")


async def forget_unreadable(
    database: Database, now: datetime, owe: Callable[[Session, str, Mapping[str, Any]], object]
) -> None:
    """Delete data encrypted with a former token, at a start. `owe` queues a notification to the administrators about
    lost calendars in the same transaction."""
    lost = await database.run(_forget_unreadable, now, owe)
    if lost:
        log.warning("TELEGRAM_TOKEN has changed, data encrypted with the former one deleted", **asdict(lost))


def _forget_unreadable(
    session: Session, now: datetime, owe: Callable[[Session, str, Mapping[str, Any]], object]
) -> UnreadableSecrets:
    lost = unreadable_secrets.delete_unreadable(session, now)
    for station, level in lost.calendars:
        owe(session, "oncall_calendar_problem", {"station": station, "level": level, "problem": UNREADABLE})
    return lost

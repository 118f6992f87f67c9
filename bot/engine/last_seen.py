"""Batched writes of last-seen times for the whole fleet."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.runtime.logs import OnChange
from bot.runtime.waiting import sleep_or_stop
from bot.store.database import Database, DatabaseError, Session
from bot.store.database_errors import database_message
from bot.store.stations import states

log = structlog.get_logger(__name__)

WRITE_EVERY = 5.0
QueuedState = tuple[dict[str, Any], datetime]


class LastSeenWriter:
    """Queue of states in which only the last-seen time has changed.

    A kill loses at most WRITE_EVERY seconds of them; other changes are stored at once by the incident manager and
    discard the queued one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queued: dict[tuple[str, str], QueuedState] = {}
        self._last_error = OnChange()

    def enqueue(self, station: str, subject: str, state: dict[str, Any], now: datetime) -> None:
        """Queue a newer version of a state that is already stored."""
        self._queued[station, subject] = (state, now)

    def discard(self, station: str, subject: str) -> None:
        """Discard the queued state: a newer one is being stored."""
        self._queued.pop((station, subject), None)

    async def run(self, stop: asyncio.Event) -> None:
        """Write every WRITE_EVERY seconds until `stop`, and once more then. A write that fails stays queued for the
        next."""
        while True:
            await sleep_or_stop(stop, WRITE_EVERY)
            try:
                await self.write()
                self._last_error.is_new(None)
            except DatabaseError as error:
                if self._last_error.is_new(type(error).__name__):
                    log.error("database error, last-seen write retried", reason=database_message(error))
            if stop.is_set():
                return

    async def write(self) -> None:
        """Write all queued states in one transaction."""
        if not self._queued:
            return
        written = await self._database.run(self._write)
        for key, one in written.items():
            if self._queued.get(key) is one:
                del self._queued[key]

    def _write(self, session: Session) -> Mapping[tuple[str, str], QueuedState]:
        # Read inside the transaction: a state discarded before a newer one was stored must not be written.
        written = dict(self._queued)
        states.update_existing(session, written.items())
        return written

"""Reload the stations on request, and notify the administrators of the result."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import structlog

from bot.app.fleet import Fleet
from bot.config.errors import WrongSettings
from bot.config.station_settings import StationSettings
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal, wait_any
from bot.store.database import Database, Session
from bot.store.messages import outbox

log = structlog.get_logger(__name__)

FOR_EVER = 86_400.0


class StationReader(Protocol):
    def __call__(self) -> Sequence[StationSettings]:
        """Return the stations as now described. Raises WrongSettings."""


class StationReloader:
    """Reload task. `wake` wakes the delivery worker."""

    def __init__(
        self,
        fleet: Fleet,
        reread: StationReader,
        *,
        database: Database,
        admins: Collection[int],
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._fleet = fleet
        self._load = reread
        self._database = database
        self._admins = admins
        self._clock = clock
        self._wake = wake
        self._requested = asyncio.Event()

    def request(self) -> None:
        self._requested.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Start the fleet, and reload the stations on each request, until `stop`."""
        await self._fleet.start()
        while not stop.is_set():
            await wait_any(self._requested, stop, FOR_EVER)
            if self._requested.is_set():
                self._requested.clear()
                await self._reload()

    async def _reload(self) -> None:
        """Reload, and notify the administrators: a person that edits the file does not always read the log."""
        if self._fleet.one is not None:
            log.warning("no STATIONS_FILE to reload; restart to read other settings")
            return
        try:
            renewal = await self._fleet.reload(self._load())
        except WrongSettings as wrong:
            log.error("station reload rejected", wrong=list(wrong.lines))
            facts: dict[str, Any] = {"wrong": list(wrong.lines), "new": [], "changed": [], "gone": []}
        else:
            log.info("stations reloaded", **asdict(renewal))
            facts = {"wrong": [], **asdict(renewal)}
        await self._database.run(self._enqueue_result, facts)
        self._wake.send()

    def _enqueue_result(self, session: Session, facts: dict[str, Any]) -> None:
        for admin in sorted(self._admins):
            outbox.enqueue(
                session, chat_id=admin, thread_id=None, template="stations_renewed", facts=facts, now=self._clock()
            )

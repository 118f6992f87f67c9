"""Run due steps of incidents from the database, once a second; missed ones run late."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.access.policy import EVERY_STATION
from bot.engine.incident_manager import IncidentManager
from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.logs import OnChange
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import wait_any
from bot.runtime.watchdog import Loop
from bot.store.database import Database, DatabaseError
from bot.store.database_errors import database_message
from bot.store.stations import incidents

log = structlog.get_logger(__name__)

EVERY = 1.0
# Maintenance windows begin without an event.
RECONSIDER_EVERY = timedelta(minutes=1)


class Confirmable(Protocol):
    @property
    def is_confirmed(self) -> bool:
        """False while the state of the station may be outdated."""


@dataclass(slots=True)
class _Ticked:
    """One station. `reconsider`: its silences may have changed since its incidents were evaluated."""

    incident_manager: IncidentManager
    watch: Confirmable | None
    # True at start: a silence may have changed just before the process ended.
    reconsider: bool = True
    last_error: OnChange = field(default_factory=OnChange)


class Ticker:
    """Ticker of all stations.

    `last_tick` is the end of the last tick without an error; `loop` is the watchdog's. Each tick runs in `pausable`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        loop: Loop | None = None,
        pausable: PausableGroup | None = None,
    ) -> None:
        self._database = database
        self._pausable = pausable or PausableGroup()
        self._clock = clock
        self._loop = loop or Loop()
        self._stations: dict[str, _Ticked] = {}
        self._last_error = OnChange()
        self._woken = asyncio.Event()
        self._reconsidered_at: datetime | None = None
        self.last_tick: datetime | None = None

    def add(self, station: str, incident_manager: IncidentManager, watch: Confirmable | None = None) -> None:
        """Add a station; it is skipped while `watch` is not confirmed, since its states may be outdated."""
        self._stations[station] = _Ticked(incident_manager, watch)

    def remove(self, station: str) -> None:
        self._stations.pop(station, None)

    def shift_time(self) -> None:
        self._reconsidered_at = None
        self.last_tick = self._clock() if self.last_tick else None
        self.wake()

    def wake(self) -> None:
        """Tick now: a step has become due."""
        self._woken.set()

    def silences_changed(self, station: str) -> None:
        """Re-evaluate suppression at the station, or at all for EVERY_STATION."""
        for name, ticked in self._stations.items():
            ticked.reconsider |= station in (name, EVERY_STATION)
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Tick every EVERY seconds, at once after `wake` or a tick that ran a step, until `stop`. Database errors are
        logged; the next tick retries."""
        while not stop.is_set():
            self._loop.mark_alive()
            self._woken.clear()
            async with self._pausable.running():
                busy = await self.tick()
            if not busy:
                await wait_any(self._woken, stop, EVERY)

    async def tick(self) -> bool:
        """Run all due steps once; return True if more may be due at once."""
        now = self._clock()
        try:
            await self._reconsider_periodically(now)
            stations = [*await self._stations_to_reconsider(), *await self._stations_due(now)]
        except DatabaseError as error:
            if self._last_error.is_new(type(error).__name__):
                log.error("database error, incident tick skipped", reason=database_message(error))
            return False
        self._last_error.is_new(None)
        results = [await self._tick_station(station, now) for station in dict.fromkeys(stations)]
        if None not in results:
            self.last_tick = self._clock()
            metrics.LAST_TICK.set(self.last_tick.timestamp())
        return any(results)

    async def _reconsider_periodically(self, now: datetime) -> None:
        if self._reconsidered_at is None or now - self._reconsidered_at >= RECONSIDER_EVERY:
            for ticked in self._stations.values():
                ticked.reconsider = True
            self._reconsidered_at = now

    async def _stations_to_reconsider(self) -> list[str]:
        """Return changed stations with open incidents; silences affect no others."""
        changed = [station for station, ticked in self._stations.items() if ticked.reconsider]
        if not changed:
            return []
        with_open = await self._database.run(incidents.stations_with_open)
        for station in changed:
            if station not in with_open and station in self._stations:
                self._stations[station].reconsider = False
        return [station for station in changed if station in with_open]

    async def _stations_due(self, now: datetime) -> list[str]:
        return sorted(await self._database.run(incidents.stations_with_due, now))

    async def _tick_station(self, station: str, now: datetime) -> bool | None:
        """Run one station; return True if a step ran, None on an error. Errors do not affect other stations; the next
        tick retries."""
        ticked = self._stations.get(station)
        if ticked is None or not (ticked.watch is None or ticked.watch.is_confirmed):
            return False
        # Reset before running: a change during the tick is handled by the next.
        reconsider, ticked.reconsider = ticked.reconsider, False
        try:
            if reconsider:
                await ticked.incident_manager.reconsider(now)
            busy = await ticked.incident_manager.tick(now)
        except Exception as error:
            ticked.reconsider |= reconsider
            if not isinstance(error, DatabaseError):
                log.exception("incident tick failed, retried", station=station)
            elif ticked.last_error.is_new(type(error).__name__):
                log.error("database error, incident tick skipped", station=station, reason=database_message(error))
            return None
        ticked.last_error.is_new(None)
        return busy

"""Run checks that few stations need, selected by one database query instead of one for each station."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from bot.engine.schedule import RETRY_AFTER, Schedule
from bot.runtime.waiting import wait_any
from bot.runtime.watchdog import Loop

log = structlog.get_logger(__name__)


class StationSelection:
    """Run a check at each station that `select` returns every `every` seconds, spread over the interval: one task at a
    time for each station, and a slow or failing one delays no other. `loop` is the watchdog's."""

    def __init__(
        self,
        name: str,
        every: float,
        select: Callable[[], Awaitable[Collection[str]]],
        loop: Loop | None = None,
    ) -> None:
        self._name = name
        self._every = every
        self._select = select
        self._loop = loop or Loop()
        self._schedule = Schedule()
        self._selected: Collection[str] = ()
        # Woken since the last query, whose result may be older.
        self._woken: set[str] = set()
        self._added = asyncio.Event()

    def add(self, station: str, check: Callable[[], Awaitable[None]]) -> None:
        async def run_if_selected() -> float:
            if station in self._selected or station in self._woken:
                self._woken.discard(station)
                await self._run_check(station, check)
            return self._every

        self._schedule.add(station, run_if_selected, self._every)
        self._added.set()

    async def remove(self, station: str) -> None:
        """Remove a station and cancel the task of its running check, with a timeout."""
        await self._schedule.remove(station)
        self._woken.discard(station)

    def wake(self, station: str) -> None:
        """Check the station now."""
        self._woken.add(station)
        self._schedule.force(station)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then wait for running checks. Errors of a check are logged; a failed query is retried."""
        pause = await self._refresh_selection()
        running = asyncio.create_task(self._schedule.run(stop))
        try:
            while not stop.is_set():
                await wait_any(self._added, stop, pause)
                self._loop.mark_alive()
                pause = await self._refresh_selection()
        finally:
            await running

    async def _refresh_selection(self) -> float:
        """Query the wanted stations; return the seconds until the next query."""
        self._added.clear()
        try:
            self._selected = await self._select()
        except Exception:
            log.exception("station selection failed, retried", check=self._name)
            return min(self._every, RETRY_AFTER)
        return self._every

    async def _run_check(self, station: str, check: Callable[[], Awaitable[None]]) -> None:
        try:
            await check()
        except Exception:
            log.exception("check failed", check=self._name, station=station)

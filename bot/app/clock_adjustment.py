"""Shift stored times when the system clock is set, while all pollers are paused; then let the program's clock
follow."""

import asyncio

import structlog

from bot.app.fleet import Fleet
from bot.health.monitor import HealthMonitor
from bot.runtime.clock import MonotonicClock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import sleep_or_stop
from bot.store.database import Database
from bot.store.time_shift import ClockStep, shift_times

log = structlog.get_logger(__name__)

CHECK_EVERY = 1.0


class ClockAdjustment:
    def __init__(
        self, clock: MonotonicClock, database: Database, fleet: Fleet, health: HealthMonitor, pausable: PausableGroup
    ) -> None:
        self._clock = clock
        self._database = database
        self._fleet = fleet
        self._health_monitor = health
        self._pausable = pausable

    async def run(self, stop: asyncio.Event) -> None:
        """Call `check` every CHECK_EVERY seconds until `stop`. A database error ends the task; the application retries
        it."""
        while not stop.is_set():
            await self.check()
            await sleep_or_stop(stop, CHECK_EVERY)

    async def check(self) -> None:
        if not self._clock.off_by:
            return
        async with self._pausable.paused():
            # Read again under the pause: the clock may have been set back meanwhile.
            if not (by := self._clock.off_by):
                return
            await self._fleet.save_last_seen()
            setting = ClockStep(self._clock.booted_at, self._clock(), by)
            await self._database.run(shift_times, setting)
            self._clock.follow(by)
            self._health_monitor.shift_clock(setting.now, by)
            await self._fleet.restore()
        log.warning(
            "system clock was set, stored times shifted to keep durations",
            seconds=round(by.total_seconds()),
        )

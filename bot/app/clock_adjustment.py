"""Shift stored times when the machine's clock is set, while all pollers are paused; then let our clock follow."""

import asyncio

import structlog

from bot.app.fleet import Fleet
from bot.health.monitor import Life
from bot.runtime.clock import SteadyClock
from bot.runtime.pause import Standstill
from bot.runtime.waiting import wait_for
from bot.store.database import Store
from bot.store.time_shift import Setting, move

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0


class Timekeeping:
    def __init__(self, clock: SteadyClock, store: Store, fleet: Fleet, life: Life, standstill: Standstill) -> None:
        self._clock = clock
        self._store = store
        self._fleet = fleet
        self._life = life
        self._standstill = standstill

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await wait_for(stop, LOOK_EVERY)

    async def look(self) -> None:
        if not self._clock.off_by:
            return
        async with self._standstill.still():
            # Read again under the pause: the clock may have been set back meanwhile.
            if not (by := self._clock.off_by):
                return
            await self._fleet.write_down()
            setting = Setting(self._clock.began, self._clock(), by)
            async with self._store.begin() as session:
                await move(session, setting)
            self._clock.follow(by)
            self._life.moved(setting.now, by)
            await self._fleet.take_up_anew()
        log.warning(
            "system clock was set, stored times shifted to keep durations",
            seconds=round(by.total_seconds()),
        )

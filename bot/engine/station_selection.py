"""Looks that few stations need: one question to the store says which do, instead of one for each station."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from bot.engine.schedule import AFTER_A_FAILURE, Schedule
from bot.runtime.waiting import rest
from bot.runtime.watchdog import Loop

log = structlog.get_logger(__name__)


class Rounds:
    """Every `every` seconds a look at each station that is `wanted`: spread over that time, never two at one station at
    once, and a slow or failing one keeps no other waiting. `turned` is told that the rounds go on."""

    def __init__(
        self,
        name: str,
        every: float,
        wanted: Callable[[], Awaitable[Collection[str]]],
        loop: Loop | None = None,
    ) -> None:
        self._name = name
        self._every = every
        self._ask_which = wanted
        self._loop = loop or Loop()
        self._schedule = Schedule()
        self._wanted: Collection[str] = ()
        # Named since the store was asked: its answer may be older than that.
        self._woken: set[str] = set()
        self._joined = asyncio.Event()

    def add(self, station: str, look: Callable[[], Awaitable[None]]) -> None:
        async def turn() -> float:
            if station in self._wanted or station in self._woken:
                self._woken.discard(station)
                await self._look(station, look)
            return self._every

        self._schedule.add(station, turn, self._every)
        self._joined.set()

    async def remove(self, station: str) -> None:
        """When this returns, no look is under way."""
        await self._schedule.remove(station)
        self._woken.discard(station)

    def wake(self, station: str) -> None:
        """Something has changed: look at once."""
        self._woken.add(station)
        self._schedule.hurry(station)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Nothing that happens in one look ends the rounds."""
        pause = await self._ask()
        looking = asyncio.create_task(self._schedule.run(stop))
        try:
            while not stop.is_set():
                await rest(self._joined, stop, pause)
                self._loop.turned()
                pause = await self._ask()
        finally:
            await looking

    async def _ask(self) -> float:
        """Seconds until it is asked again."""
        self._joined.clear()
        try:
            self._wanted = await self._ask_which()
        except Exception:
            log.exception("which stations are to be looked at could not be read", rounds=self._name)
            return min(self._every, AFTER_A_FAILURE)
        return self._every

    async def _look(self, station: str, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except Exception:
            log.exception("a look failed inside the bot", rounds=self._name, station=station)

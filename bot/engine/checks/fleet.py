"""Looking out at all stations: only where somebody watches phones, or wants to know of missing calls."""

import asyncio

from bot.engine.checks import extensions, no_calls
from bot.engine.checks.station import StationLookouts
from bot.engine.station_selection import Rounds
from bot.incidents.model import EXTENSION, NO_CALLS
from bot.runtime.pause import Standstill
from bot.runtime.watchdog import Loop
from bot.store.database import Store
from bot.store.stations import watched_extensions


class FleetLookouts:
    """`turned` is told that the rounds go on; each look moves in `standstill`."""

    def __init__(self, store: Store, loop: Loop | None = None, standstill: Standstill | None = None) -> None:
        self._store = store
        self._standstill = standstill or Standstill()
        self._stations: dict[str, StationLookouts] = {}
        self._phones = Rounds("phones", extensions.LOOK_EVERY, self._with_phones, loop)
        self._calls = Rounds("incoming calls", no_calls.LOOK_EVERY, self._with_calls)

    def add(self, station: str, lookouts: StationLookouts) -> None:
        self._stations[station] = lookouts
        self._phones.add(station, self._standstill.in_motion(lookouts.phones.look))
        self._calls.add(station, self._standstill.in_motion(lookouts.calls.turn))

    async def remove(self, station: str) -> None:
        """When this returns, no look is under way."""
        self._stations.pop(station, None)
        await self._phones.remove(station)
        await self._calls.remove(station)

    def wake(self, station: str) -> None:
        """Somebody watches more or fewer phones than before."""
        self._phones.wake(station)

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.gather(self._phones.run(stop), self._calls.run(stop))

    async def _with_phones(self) -> set[str]:
        """A phone that nobody watches any more is looked at until what was known of it is over."""
        async with self._store.begin() as session:
            return await watched_extensions.stations(session) | await watched_extensions.stations_with_memory(
                session, EXTENSION
            )

    async def _with_calls(self) -> set[str]:
        """Where it was switched off, what is open is called off."""
        wanted = {station for station, lookouts in self._stations.items() if lookouts.calls.is_on}
        async with self._store.begin() as session:
            return wanted | await watched_extensions.stations_with_memory(session, NO_CALLS)

"""Run the phone and call checks of all stations that need them."""

import asyncio

from bot.engine.checks import extensions, no_calls
from bot.engine.checks.station import StationChecks
from bot.engine.station_selection import StationSelection
from bot.incidents.model import EXTENSION, NO_CALLS
from bot.runtime.pause import PausableGroup
from bot.runtime.watchdog import Loop
from bot.store.database import Store
from bot.store.stations import watched_extensions


class FleetChecks:
    """Checks of the fleet. `loop` is the watchdog's; each check runs in `pausable`."""

    def __init__(self, store: Store, loop: Loop | None = None, pausable: PausableGroup | None = None) -> None:
        self._store = store
        self._pausable = pausable or PausableGroup()
        self._stations: dict[str, StationChecks] = {}
        self._phones = StationSelection("phones", extensions.LOOK_EVERY, self._with_phones, loop)
        self._calls = StationSelection("incoming calls", no_calls.LOOK_EVERY, self._with_calls)

    def add(self, station: str, checks: StationChecks) -> None:
        self._stations[station] = checks
        self._phones.add(station, self._pausable.is_running(checks.phones.run_once))
        self._calls.add(station, self._pausable.is_running(checks.calls.turn))

    async def remove(self, station: str) -> None:
        """Remove a station and cancel the tasks of its running checks."""
        self._stations.pop(station, None)
        await self._phones.remove(station)
        await self._calls.remove(station)

    def wake(self, station: str) -> None:
        """Check the station's phones now: its watched phones have changed."""
        self._phones.wake(station)

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.gather(self._phones.run(stop), self._calls.run(stop))

    async def _with_phones(self) -> set[str]:
        """Return the stations with watched phones, or with a stored phone state to resolve."""
        async with self._store.begin() as session:
            return await watched_extensions.stations(session) | await watched_extensions.stations_with_memory(
                session, EXTENSION
            )

    async def _with_calls(self) -> set[str]:
        """Return the stations with the check enabled, or with a stored state to close."""
        wanted = {station for station, checks in self._stations.items() if checks.calls.is_on}
        async with self._store.begin() as session:
            return wanted | await watched_extensions.stations_with_memory(session, NO_CALLS)

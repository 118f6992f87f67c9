"""Run the periodic checks of all stations that need them."""

import asyncio
from functools import partial

from bot.engine.checks.base import PeriodicCheck
from bot.engine.checks.extensions import ExtensionCheck
from bot.engine.checks.station import PERIODIC_CHECKS, StationChecks
from bot.engine.checks.station_selection import StationSelection
from bot.runtime.pause import PausableGroup
from bot.runtime.watchdog import Loop
from bot.store.database import Database
from bot.store.stations import watched_extensions


class FleetChecks:
    """Checks of the fleet. `loop` is the watchdog's, for the most frequent check; each runs inside `pausable`."""

    def __init__(self, database: Database, loop: Loop | None = None, pausable: PausableGroup | None = None) -> None:
        self._database = database
        self._pausable = pausable or PausableGroup()
        self._stations: dict[str, StationChecks] = {}
        most_frequent = min(PERIODIC_CHECKS, key=lambda check: check.EVERY)
        self._selections = {
            check: StationSelection(
                check.NAME, check.EVERY, partial(self._wanted, check), loop if check is most_frequent else None
            )
            for check in PERIODIC_CHECKS
        }

    def add(self, station: str, checks: StationChecks) -> None:
        self._stations[station] = checks
        for check, selection in self._selections.items():
            selection.add(station, self._pausable.as_running(checks.periodic[check].run_once))

    async def remove(self, station: str) -> None:
        """Remove a station and cancel the tasks of its running checks."""
        self._stations.pop(station, None)
        for selection in self._selections.values():
            await selection.remove(station)

    def wake(self, station: str) -> None:
        """Check the station's phones now: its watched phones have changed."""
        self._selections[ExtensionCheck].wake(station)

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.gather(*(selection.run(stop) for selection in self._selections.values()))

    async def _wanted(self, check: type[PeriodicCheck]) -> set[str]:
        """Return the stations that want the check, or have a stored state to resolve or close."""
        running = {station: checks.periodic[check] for station, checks in self._stations.items()}
        wanted = await check.stations(self._database, running)
        return wanted | await self._database.run(watched_extensions.stations_with_state, check.SUBJECT)

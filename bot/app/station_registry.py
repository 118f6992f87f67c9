"""Registry of the running stations."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from bot.access.policy import Destination
from bot.app.station_monitor import StationMonitor
from bot.detection.station_summary import StationSummary
from bot.incidents.common_findings import Found


class StationRegistry:
    """Stations, added by the fleet. `whole` stands for all stations; without a STATIONS_FILE it is the only one, and
    `several` is False. `fleet_chats` are notified of every station."""

    whole: StationMonitor

    def __init__(self, fleet_chats: Sequence[Destination], *, several: bool) -> None:
        self.several = several
        self._fleet_chats = fleet_chats
        self._running: dict[str, StationMonitor] = {}
        # Includes removed stations: messages about them are still read.
        self._titles: dict[str, str] = {}

    def __iter__(self) -> Iterator[StationMonitor]:
        # A copy: transactions read it in another thread.
        return iter(tuple(self._running.values()))

    def __getitem__(self, name: str) -> StationMonitor:
        """Return the station of that name, else `whole`, which handles the remains of removed stations."""
        return self._running.get(name, self.whole)

    def get(self, name: str) -> StationMonitor | None:
        return self.whole if name == self.whole.name else self._running.get(name)

    def add(self, station: StationMonitor) -> None:
        self._running[station.name] = station
        self._titles[station.name] = station.title

    def remove(self, name: str) -> StationMonitor:
        return self._running.pop(name)

    @property
    def one(self) -> str | None:
        return None if self.several else self.whole.name

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._running)

    def findings(self) -> Found:
        """Return the findings of the running stations."""
        return {station.name: station.checks.health.begun() for station in self}

    def zone(self, name: str) -> tzinfo:
        found = self.get(name)
        return found.zone() if found else UTC

    def country(self, name: str) -> str:
        """Return the configured country; empty if it follows from the time zone."""
        return self[name].settings.country or ""

    def title(self, name: str) -> str:
        found = self.get(name)
        return found.title if found else self._titles.get(name, name)

    def alert_stations_of(self, chat: int) -> Sequence[str]:
        """Return the stations whose alerts the settings send to that chat."""
        if any(to.chat == chat for to in self._fleet_chats):
            return self.names
        return [one.name for one in self if any(to.chat == chat for to in one.settings.alert_chats)]

    def views(self) -> list[StationSummary]:
        return [station.watch.summary() for station in self]

    @property
    def last_polls(self) -> Mapping[str, datetime | None]:
        """Time of the last successful poll, by title."""
        return {station.title: station.watch.last_good for station in self}

"""One-line summary of a PBX from its monitor and the database, without queries to the PBX. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from bot.detection.observation import Observation
from bot.detection.trunk_health import Health
from bot.text.person_names import is_named
from handlers.dispatch.services import Station
from handlers.trunks.facts import UNCOUNTED

WORKS = frozenset({Health.UP, Health.DEGRADED})


class StationHealth(IntEnum):
    """Health of a PBX, the worst first."""

    BROKEN = 0
    PROBLEM = 1
    UNKNOWN = 2
    HEALTHY = 3


HEALTH_SIGNS = {
    StationHealth.BROKEN: "🔴",
    StationHealth.PROBLEM: "🟡",
    StationHealth.UNKNOWN: "⚪",
    StationHealth.HEALTHY: "🟢",
}


@dataclass(frozen=True, slots=True)
class StationLine:
    """Summary. `up` of `trunks` that are enabled; None while the PBX is not observed. `good_at`: last successful
    poll."""

    name: str
    title: str
    health: StationHealth
    up: int | None
    trunks: int | None
    incidents: int
    good_at: datetime | None

    @property
    def has_problem(self) -> bool:
        return self.health in (StationHealth.BROKEN, StationHealth.PROBLEM)

    def matches(self, words: str) -> bool:
        """Return True if every word is a part of the name or title, or there are none."""
        return not words or is_named(f"{self.name} {self.title}", words)

    def facts(self) -> dict[str, Any]:
        return {
            "station": self.name,
            "name": self.name,
            "sign": HEALTH_SIGNS[self.health],
            "up": self.up,
            "trunks": self.trunks,
            "incidents": self.incidents,
            "good_at": self.good_at,
        }


def line_of(station: Station, incidents: int) -> StationLine:
    observation = station.watch.latest
    up, trunks = _trunks(observation)
    return StationLine(
        station.name,
        station.title,
        _health(observation, up, trunks, incidents),
        up,
        trunks,
        incidents,
        station.watch.last_good,
    )


def in_order(lines: list[StationLine]) -> list[StationLine]:
    return sorted(lines, key=lambda line: (line.health, line.title.casefold(), line.name))


def _trunks(observation: Observation | None) -> tuple[int | None, int | None]:
    if observation is None or observation.trouble is not None:
        return None, None
    enabled = [trunk.health for trunk in observation.trunks.values() if trunk.health not in UNCOUNTED]
    return sum(health in WORKS for health in enabled), len(enabled)


def _health(observation: Observation | None, up: int | None, trunks: int | None, incidents: int) -> StationHealth:
    if observation is not None and (observation.trouble is not None or (trunks and not up)):
        return StationHealth.BROKEN
    if incidents or (up is not None and trunks is not None and up < trunks):
        return StationHealth.PROBLEM
    return StationHealth.UNKNOWN if observation is None else StationHealth.HEALTHY

"""One-line summary of a PBX from its monitor and the database, without queries to the PBX. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from bot.detection.observation import Observation
from bot.detection.trunk_health import Health
from handlers.dispatch.services import Station
from handlers.trunks.facts import UNCOUNTED

WORKS = frozenset({Health.UP, Health.DEGRADED})


class Mood(IntEnum):
    """Health of a PBX, the worst first."""

    BROKEN = 0
    TROUBLED = 1
    UNSEEN = 2
    WELL = 3


SIGNS = {Mood.BROKEN: "🔴", Mood.TROUBLED: "🟡", Mood.UNSEEN: "⚪", Mood.WELL: "🟢"}


@dataclass(frozen=True, slots=True)
class StationLine:
    """Summary. `up` of `trunks` that are enabled; None while the PBX is not observed. `good_at`: last successful
    poll."""

    name: str
    title: str
    mood: Mood
    up: int | None
    trunks: int | None
    incidents: int
    good_at: datetime | None

    @property
    def is_troubled(self) -> bool:
        return self.mood in (Mood.BROKEN, Mood.TROUBLED)

    def holds(self, words: str) -> bool:
        """Return True if every word is a part of the name or title."""
        whole = f"{self.name} {self.title}".casefold()
        return all(word in whole for word in words.casefold().split())

    def facts(self) -> dict[str, Any]:
        return {
            "station": self.name,
            "name": self.name,
            "sign": SIGNS[self.mood],
            "up": self.up,
            "trunks": self.trunks,
            "incidents": self.incidents,
            "good_at": self.good_at,
        }


def line_of(station: Station, incidents: int) -> StationLine:
    seen = station.watch.latest
    up, trunks = _trunks(seen)
    return StationLine(
        station.name, station.title, _mood(seen, up, trunks, incidents), up, trunks, incidents, station.watch.last_good
    )


def in_order(lines: list[StationLine]) -> list[StationLine]:
    return sorted(lines, key=lambda line: (line.mood, line.title.casefold(), line.name))


def _trunks(seen: Observation | None) -> tuple[int | None, int | None]:
    if seen is None or seen.trouble is not None:
        return None, None
    switched_on = [trunk.health for trunk in seen.trunks.values() if trunk.health not in UNCOUNTED]
    return sum(health in WORKS for health in switched_on), len(switched_on)


def _mood(seen: Observation | None, up: int | None, trunks: int | None, incidents: int) -> Mood:
    if seen is not None and (seen.trouble is not None or (trunks and not up)):
        return Mood.BROKEN
    if incidents or (up is not None and trunks is not None and up < trunks):
        return Mood.TROUBLED
    return Mood.UNSEEN if seen is None else Mood.WELL

"""The machines' memories as plain JSON and back: what a restart must not forget."""

from typing import Any

from pydantic import TypeAdapter

from bot.detection.station_machine import StationMemory
from bot.detection.trunk_state import TrunkMemory

STATION = TypeAdapter(StationMemory)
TRUNK = TypeAdapter(TrunkMemory)


def written(memory: StationMemory | TrunkMemory) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = STATION if isinstance(memory, StationMemory) else TRUNK
    state: dict[str, Any] = adapter.dump_python(memory, mode="json")
    return state


def station_from(state: dict[str, Any] | None) -> StationMemory:
    return STATION.validate_python(state) if state else StationMemory()


def trunk_from(state: dict[str, Any]) -> TrunkMemory:
    return TRUNK.validate_python(state)

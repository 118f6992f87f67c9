"""The machines' memories as plain JSON and back: what a restart must not forget."""

from typing import Any

from pydantic import TypeAdapter

from bot.detection.station_machine import StationMemory
from bot.detection.trunk_state import TrunkMemory
from bot.incidents.model import KINDS, Kind

STATION = TypeAdapter(StationMemory)
TRUNK = TypeAdapter(TrunkMemory)


def written(memory: StationMemory | TrunkMemory) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = STATION if isinstance(memory, StationMemory) else TRUNK
    state: dict[str, Any] = adapter.dump_python(memory, mode="json")
    return state


def station_from(state: dict[str, Any] | None) -> StationMemory:
    return STATION.validate_python(state) if state else StationMemory()


def trunk_from(state: dict[str, Any]) -> TrunkMemory:
    """Read a stored state. An incident of a kind that only a newer version knows is treated as an outage of the trunk:
    it ends when the trunk is up again."""
    if state.get("alarm") is not None and state["alarm"] not in KINDS:
        state = state | {"alarm": str(Kind.TRUNK_DOWN)}
    return TRUNK.validate_python(state)

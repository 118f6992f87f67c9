"""Facts of a poll that templates about a trunk or station show: plain JSON. Pure."""

from typing import Any

from bot.detection import trunk_cause
from bot.detection.observation import Observation
from bot.detection.trunk_health import Cause, Health
from bot.detection.trunk_state import TrunkState


def of_station(observation: Observation) -> dict[str, Any]:
    return {"trouble": str(observation.trouble or ""), "row": observation.row}


def of_trunk(memory: TrunkState, observation: Observation, contact: str) -> dict[str, Any]:
    """Return a trunk's facts; `contact` of its provider, "" if not noted in the PBX."""
    enabled = [trunk for trunk in observation.trunks.values() if trunk.health not in (Health.OFF, Health.UNWATCHED)]
    began = memory.bad_since or memory.since
    gives_up = trunk_cause.retries_end_at(memory.type, memory.state, Cause(memory.cause), began)
    return {
        "trunk": memory.name,
        "host": memory.host,
        "type": memory.type,
        "contact": contact,
        "state": memory.state,
        # The cause of a partial outage is unknown.
        "cause": str(Cause.UNKNOWN if memory.health is Health.PARTIAL else memory.cause),
        "registering_again": memory.registering_again,
        "up_since": memory.up_since.isoformat() if memory.up_since else None,
        "bad_since": began.isoformat(),
        "gives_up_at": gives_up.isoformat() if gives_up else None,
        "flaps": memory.flaps,
        "flapping_since": memory.flapping_since.isoformat() if memory.flapping_since else None,
        "downtime": memory.downtime,
        "loses_calls": memory.detour.loses_calls,
        "detour": list(memory.detour.trunks),
        "banned_until": memory.banned_until.isoformat() if memory.banned_until else None,
        "remaining": sum(trunk.health in (Health.UP, Health.DEGRADED) for trunk in enabled),
        "of": len(enabled),
    }

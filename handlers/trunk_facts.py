"""A trunk's state as facts for a template. Pure."""

from typing import Any

from bot.alerts.health import Health, cause_of, read_health
from bot.pbx import TrunkStatus

# Worst first.
ORDER = (Health.DOWN, Health.DEGRADED, Health.UNKNOWN, Health.UP, Health.OFF)


def trunk_facts(trunk: TrunkStatus) -> dict[str, Any]:
    health = read_health(trunk.state, trunk.contact_status)
    return {
        "id": trunk.id,
        "name": trunk.name,
        "host": trunk.host,
        "type": trunk.type,
        "health": health,
        "cause": cause_of(trunk.state, trunk.contact_status) if health is Health.DOWN else None,
        "state": trunk.state,
        "contact": trunk.contact_status,
        "rtt": trunk.rtt,
        "since": trunk.last_change,
    }

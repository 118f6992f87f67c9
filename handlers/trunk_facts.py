"""A trunk's state as facts for a template. Pure."""

from datetime import timedelta
from typing import Any, NamedTuple

from bot.alerts.health import Health, cause_of, read_health
from bot.pbx import TrunkStatus

# Worst first.
ORDER = (Health.DOWN, Health.DEGRADED, Health.UNKNOWN, Health.UP, Health.OFF)
# Measured: a registration that was begun is `unregistered` for 3 to 5 s, and for about 30 s, before it is called
# rejected, when nobody answers.
REGISTERING_FOR = timedelta(seconds=35)


class Old(NamedTuple):
    """What a trunk showed before something was done to it: its state, and when that began, by the PBX's clock in
    seconds. While it shows the same, Asterisk has not tried anew, and nothing follows from it."""

    state: str
    since: float | None

    def is_kept(self, status: TrunkStatus) -> bool:
        return self == old_of(status)


def old_of(status: TrunkStatus) -> Old:
    return Old(status.state, status.last_change.timestamp() if status.last_change else None)


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
        "registering": _is_registering(trunk),
        "untold": not trunk.state,
    }


def _is_registering(trunk: TrunkStatus) -> bool:
    """Whether the PBX has only just begun to register it. In upper case the same word is of a provider that is to
    register here."""
    if trunk.type.lower() != "sip" or trunk.state != "unregistered":
        return False
    begun, looked = trunk.last_change, trunk.last_update
    return begun is not None and looked is not None and looked - begun < REGISTERING_FOR

"""Facts about trunks for the templates: from the PBX's answer and the monitor's state."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from bot.detection.trunk_health import Cause, Health, cause_of, health_of
from bot.pbx import Answer, TrunkStatus
from handlers.dispatch.request import Request

# Worst first.
ORDER = (
    Health.DOWN,
    Health.PARTIAL,
    Health.DEGRADED,
    Health.UNKNOWN,
    Health.UP,
    Health.UNWATCHED,
    Health.OFF,
)
# Neither up nor down: counted nowhere.
UNCOUNTED = frozenset({Health.OFF, Health.UNWATCHED})
# Measured: a starting registration is `unregistered` for 3 to 5 s; without an answer for about 30 s, then rejected.
REGISTERING_FOR = timedelta(seconds=35)


class ReregistrationNote(NamedTuple):
    """State of a trunk before a change, and its beginning by the PBX's clock in seconds. While the trunk has the same,
    Asterisk has not retried, and the state is no result of the change."""

    state: str
    since: float | None

    def is_kept(self, status: TrunkStatus) -> bool:
        return self == note_of(status)


def note_of(status: TrunkStatus) -> ReregistrationNote:
    return ReregistrationNote(status.state, status.last_change.timestamp() if status.last_change else None)


def trunk_facts(
    trunk: TrunkStatus, registration: str = "", known: Cause | None = None, *, registering_again: bool = False
) -> dict[str, Any]:
    """`known` is the cause found by the monitor, which knows the states before."""
    health = health_of(trunk, registration)
    return {
        "id": trunk.id,
        "name": trunk.name,
        "host": trunk.host,
        "type": trunk.type,
        "health": health,
        "cause": (known or cause_of(trunk)) if health is Health.DOWN else None,
        "registering_again": registering_again and health is Health.DOWN,
        "state": trunk.state,
        "contact": trunk.contact_status,
        "rtt": trunk.rtt,
        "since": trunk.last_change,
        "registering": _is_registering(trunk),
    }


async def statuses(request: Request, *, fresh: bool = False) -> Answer[dict[str, TrunkStatus]]:
    """States of all trunks by id, also of those that the PBX only lists."""
    answer = await request.station.pbx.trunks.statuses(fresh=fresh)
    return replace(answer, value=request.station.watch.listed.all(answer.value))


def facts_of(request: Request, trunk: TrunkStatus) -> dict[str, Any]:
    """Facts about one trunk of this request's station."""
    watch = request.station.watch
    again = watch.on_reregistration(trunk.id)
    facts = trunk_facts(trunk, watch.listed.registration(trunk), watch.cause(trunk.id), registering_again=again)
    if facts["health"] is Health.PARTIAL and (since := watch.since(trunk.id, Health.PARTIAL)) is not None:
        # Until 2026.3.40 the PBX reports the time of the registration only, which is still valid.
        facts["since"] = since
    return facts


def _is_registering(trunk: TrunkStatus) -> bool:
    """Return True while the PBX has only just begun to register it. In upper case the state means a provider that is to
    register with the PBX."""
    if trunk.type.lower() != "sip" or trunk.state != "unregistered":
        return False
    changed_at, updated_at = trunk.last_change, trunk.last_update
    return changed_at is not None and updated_at is not None and updated_at - changed_at < REGISTERING_FOR

"""Summary of a station for correlation: reachable or not, failed providers. Pure.

Derived from states, which show a fault before its notification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.detection.observation import StationFault
from bot.detection.station_machine import StationState
from bot.detection.trunk_health import SILENT, Health
from bot.detection.trunk_state import TrunkState

# Faults of a station that is unreachable over the network.
CUT_OFF = frozenset(
    {
        StationFault.UNREACHABLE,
        StationFault.NO_SUCH_HOST,
        StationFault.CONNECT_TIMED_OUT,
        StationFault.NO_ROUTE,
        StationFault.TIMED_OUT,
    }
)


@dataclass(frozen=True, slots=True)
class FailureSince:
    """Failure and its start; `due` is when the station itself would notify; `trunks` counts those down.

    `half`: all of them only partially.
    """

    since: datetime
    due: datetime
    trunks: int = 0
    half: bool = False


@dataclass(frozen=True, slots=True)
class StationSummary:
    """Summary of a station.

    `cut_off` is None while it is reachable. `hosts` are those of enabled trunks, with None for one not wholly down;
    `hosts` None: all unknown. `looked`: polled since the process started, not only loaded.
    """

    station: str
    cut_off: FailureSince | None
    hosts: Mapping[str, FailureSince | None] | None
    looked: bool = True


def host_of(written: str) -> str:
    """Normalize a host, so that spellings of one provider are equal."""
    return written.strip().rstrip(".").lower()


def summarize_station(
    station: str,
    memory: StationState,
    trunks: Iterable[TrunkState],
    alert_after: timedelta,
    partial_after: timedelta,
    now: datetime,
    *,
    has_polled: bool,
) -> StationSummary:
    def bad(since: datetime, trunks: int = 0, *, half: bool = False) -> FailureSince:
        # A start in the future comes from a wrong clock.
        began = min(since, now)
        hold_time = partial_after if half else alert_after
        return FailureSince(began, max(began, min(memory.judge_from or began, now)) + hold_time, trunks, half)

    if memory.trouble in CUT_OFF:
        return StationSummary(station, bad(memory.since or now), None, has_polled)
    if memory.trouble is not None or memory.alarm:
        return StationSummary(station, None, None, has_polled)

    at: dict[str, list[TrunkState]] = {}
    for trunk in trunks:
        if trunk.health not in (Health.OFF, Health.UNWATCHED) and (host := host_of(trunk.host)):
            at.setdefault(host, []).append(trunk)
    hosts = {
        host: bad(
            max(trunk.bad_since or trunk.since for trunk in there),
            len(there),
            half=all(trunk.health is not Health.DOWN for trunk in there),
        )
        if all(_is_down(trunk, now, partial_after) for trunk in there)
        else None
        for host, there in at.items()
    }
    return StationSummary(station, None, hosts, has_polled)


def _is_down(trunk: TrunkState, now: datetime, partial_after: timedelta) -> bool:
    """Return True also for a trunk that is still registered: with a dead provider registrations expire one by one,
    while OPTIONS fail at once. A partial outage beyond `partial_after` is no provider failure.
    """
    half = trunk.health in (Health.PARTIAL, Health.DEGRADED) and trunk.cause in SILENT
    return trunk.health is Health.DOWN or (half and now - (trunk.bad_since or trunk.since) < partial_after)

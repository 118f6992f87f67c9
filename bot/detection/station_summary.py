"""How a station looks from afar, beside the others: whether it can be reached, which providers are down. Pure.

It is read from the machines' memories, which know of trouble before anybody is told of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.detection.observation import Trouble
from bot.detection.station_machine import StationMemory
from bot.detection.trunk_health import SILENT, Health
from bot.detection.trunk_state import TrunkMemory

# What a station shows that cannot be reached over the network, whatever is wrong with it.
CUT_OFF = frozenset({Trouble.UNREACHABLE, Trouble.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Bad:
    """Since when; `due` is when the station would tell of it; `trunks` are how many of it are down. `half`: none of
    them is wholly down yet."""

    since: datetime
    due: datetime
    trunks: int = 0
    half: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """`cut_off` is None while it can be reached. `hosts` are those of its trunks that are switched on, None for one
    that is not wholly down; nothing is known of any of them while `hosts` itself is None. `looked`: somebody has looked
    since the program began, and what is shown is not only remembered."""

    station: str
    cut_off: Bad | None
    hosts: Mapping[str, Bad | None] | None
    looked: bool = True


def host_of(written: str) -> str:
    """The same for the same provider, however it is written in a trunk."""
    return written.strip().rstrip(".").lower()


def view(
    station: str,
    memory: StationMemory,
    trunks: Iterable[TrunkMemory],
    alert_after: timedelta,
    partial_after: timedelta,
    now: datetime,
    *,
    looked: bool,
) -> View:
    def bad(since: datetime, trunks: int = 0, *, half: bool = False) -> Bad:
        # A beginning in the future is of a clock that was wrong then.
        began = min(since, now)
        hold = partial_after if half else alert_after
        return Bad(began, max(began, min(memory.judge_from or began, now)) + hold, trunks, half)

    if memory.trouble in CUT_OFF:
        return View(station, bad(memory.since or now), None, looked)
    if memory.trouble is not None or memory.alarm:
        return View(station, None, None, looked)

    at: dict[str, list[TrunkMemory]] = {}
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
    return View(station, None, hosts, looked)


def _is_down(trunk: TrunkMemory, now: datetime, partial_after: timedelta) -> bool:
    """Also while it counts as registered: a dead provider's trunks lose that one by one, and their answers at once.
    What is half out for longer than that takes is half out, and its provider is not down."""
    half = trunk.health in (Health.PARTIAL, Health.DEGRADED) and trunk.cause in SILENT
    return trunk.health is Health.DOWN or (half and now - (trunk.bad_since or trunk.since) < partial_after)

"""State machine of a whole PBX: healthy or faulty answers. Pure; time is a parameter."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.detection.observation import Observation, StationFault
from bot.incidents.model import AddressBlocked, Changed, End, Kind, Opened, Resolved, Transition
from bot.pbx import Dialect

CONFIRMATIONS = 2
# A full queue of the PBX clears in seconds; a ban of the bot's address lasts five minutes, and longer each time.
SHUT_OUT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StationState:
    """State of a station.

    `judge_from`: trunks are evaluated from then on, since their earlier states are unknown. `seen_at` is the last-seen
    time of trunks, at most a minute old while monitored; `looked_at` the time of the last poll of any result;
    `stale_since` since when the PBX reports stale states. `dialect` is the last detected one.
    """

    trouble: StationFault | None = None
    row: str = ""
    since: datetime | None = None
    looks: int = 0
    alarm: bool = False
    judge_from: datetime | None = None
    seen_at: datetime | None = None
    looked_at: datetime | None = None
    stale_since: datetime | None = None
    dialect: Dialect | None = None


def differs_in_last_seen_only(memory: StationState, before: StationState) -> bool:
    """Return True if only the times of the last poll differ. A first time counts as a change."""
    if before.looked_at is None or (before.seen_at is None and memory.seen_at is not None):
        return False
    return replace(memory, seen_at=before.seen_at, looked_at=before.looked_at) == before


def evaluate_station(
    memory: StationState, observation: Observation, alert_after: timedelta
) -> tuple[StationState, Transition | None]:
    """Evaluate one poll.

    A fault must last `alert_after` and be seen CONFIRMATIONS times; so must recovery. A ban of the bot's address is
    notified at once, since polls fail until it ends; it is no fault of the PBX.
    """
    now = observation.at
    if observation.trouble is None:
        return _answers(memory, now)
    before = memory.trouble
    if before is None or (before is StationFault.BLOCKED and observation.trouble is not StationFault.BLOCKED):
        memory = replace(memory, since=memory.since if memory.alarm else now, looks=0)
    changed = (
        memory.alarm
        and (observation.trouble, observation.row) != (memory.trouble, memory.row)
        and memory.trouble is not None
    )
    memory = replace(
        memory, trouble=observation.trouble, row=observation.row, looks=min(memory.looks + 1, CONFIRMATIONS)
    )
    since = memory.since or now
    # A start in the future comes from a wrong clock.
    lasts = now - since >= alert_after or since > now
    if not memory.alarm and memory.looks >= CONFIRMATIONS and lasts:
        return replace(memory, alarm=True), Opened(Kind.STATION, since)
    if observation.trouble is StationFault.BLOCKED and before is not StationFault.BLOCKED and not memory.alarm:
        blocked_for = timedelta(seconds=observation.retry_after or 0)
        return memory, AddressBlocked(now + blocked_for) if blocked_for >= SHUT_OUT_FOR else None
    return memory, Changed() if changed else None


def _answers(memory: StationState, now: datetime) -> tuple[StationState, Transition | None]:
    if memory.trouble is None and not memory.alarm:
        return memory, None
    if not memory.alarm:
        return _fresh(memory, now), None
    if memory.trouble is not None:
        # First good poll: `since` stays the outage's, the next poll decides.
        return replace(memory, trouble=None, looks=1, judge_from=now), None
    closed = Resolved(End.RECOVERED, memory.judge_from or now)
    return _fresh(memory, memory.judge_from), closed


def _fresh(memory: StationState, judge_from: datetime | None) -> StationState:
    return StationState(
        judge_from=judge_from,
        seen_at=memory.seen_at,
        looked_at=memory.looked_at,
        stale_since=memory.stale_since,
        dialect=memory.dialect,
    )


ADAPTER = TypeAdapter(StationState)


def written(memory: StationState) -> dict[str, Any]:
    """Return the state as stored: plain JSON."""
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state


def read(state: dict[str, Any] | None) -> StationState:
    return ADAPTER.validate_python(state) if state else StationState()

"""The station machine: whether a whole PBX answers as it should. Pure; time is passed in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.detection.observation import Sight, Trouble
from bot.incidents.model import Changed, Closed, End, Kind, Opened, ShutOut, Transition
from bot.pbx import Dialect

LOOKS = 2
# A full queue of the PBX is over in seconds; a block of the address lasts five minutes, and longer each time.
SHUT_OUT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StationMemory:
    """`judge_from`: trunks are judged by what they show from then on, since before nothing was known of them.
    `seen_at` is a moment up to which the trunks were being watched, at most a minute old while they are, `looked_at`
    one up to which the bot looked, whatever it saw; `stale_since` is since when the PBX has answered without looking at
    its trunks. `dialect` is what the PBX was last heard to speak."""

    trouble: Trouble | None = None
    row: str = ""
    since: datetime | None = None
    looks: int = 0
    alarm: bool = False
    judge_from: datetime | None = None
    seen_at: datetime | None = None
    looked_at: datetime | None = None
    stale_since: datetime | None = None
    dialect: Dialect | None = None


def differs_in_recency_alone(memory: StationMemory, before: StationMemory) -> bool:
    """Whether nothing happened but another look like the one before. The first of a kind is more than that."""
    if before.looked_at is None or (before.seen_at is None and memory.seen_at is not None):
        return False
    return replace(memory, seen_at=before.seen_at, looked_at=before.looked_at) == before


def step_station(
    memory: StationMemory, sight: Sight, alert_after: timedelta
) -> tuple[StationMemory, Transition | None]:
    """Trouble must last and be seen twice; so must its end. A block of the bot's address is told at once, since nothing
    will be seen until it ends; of the PBX it says nothing."""
    now = sight.at
    if sight.trouble is None:
        return _answers(memory, now)
    before = memory.trouble
    if before is None or (before is Trouble.BLOCKED and sight.trouble is not Trouble.BLOCKED):
        memory = replace(memory, since=memory.since if memory.alarm else now, looks=0)
    changed = memory.alarm and (sight.trouble, sight.row) != (memory.trouble, memory.row) and memory.trouble is not None
    memory = replace(memory, trouble=sight.trouble, row=sight.row, looks=min(memory.looks + 1, LOOKS))
    since = memory.since or now
    # A beginning in the future is of a clock that was wrong then.
    lasts = now - since >= alert_after or since > now
    if not memory.alarm and memory.looks >= LOOKS and lasts:
        return replace(memory, alarm=True), Opened(Kind.STATION, since)
    if sight.trouble is Trouble.BLOCKED and before is not Trouble.BLOCKED and not memory.alarm:
        blocked_for = timedelta(seconds=sight.retry_after or 0)
        return memory, ShutOut(now + blocked_for) if blocked_for >= SHUT_OUT_FOR else None
    return memory, Changed() if changed else None


def _answers(memory: StationMemory, now: datetime) -> tuple[StationMemory, Transition | None]:
    if memory.trouble is None and not memory.alarm:
        return memory, None
    if not memory.alarm:
        return _fresh(memory, now), None
    if memory.trouble is not None:
        # The first good look: `since` stays the outage's, the next one decides.
        return replace(memory, trouble=None, looks=1, judge_from=now), None
    closed = Closed(End.RECOVERED, memory.judge_from or now)
    return _fresh(memory, memory.judge_from), closed


def _fresh(memory: StationMemory, judge_from: datetime | None) -> StationMemory:
    return StationMemory(
        judge_from=judge_from,
        seen_at=memory.seen_at,
        looked_at=memory.looked_at,
        stale_since=memory.stale_since,
        dialect=memory.dialect,
    )

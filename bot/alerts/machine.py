"""The trunk machine and the station machine: memory and a look in, memory and transitions out. Pure; time is passed in.

Both remember since when things are as they are, and how many looks said so; nothing is decided from less than two
distinct measurements, and everything they remember survives a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.health import Cause, Health
from bot.alerts.observation import Sight, Trouble, TrunkSight

LOOKS = 2


class Kind(StrEnum):
    """What an incident is about."""

    TRUNK_DOWN = "trunk_down"
    TRUNK_DEGRADED = "trunk_degraded"
    TRUNK_UNKNOWN = "trunk_unknown"
    STATION = "station"


class End(StrEnum):
    RECOVERED = "recovered"
    SWITCHED_OFF = "switched_off"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds. `alert_after` is how long a trunk must be down before anybody is told."""

    poll_interval: float = 10
    alert_after: float = 30
    unknown_after: float = 300


@dataclass(frozen=True, slots=True)
class TrunkMemory:
    """`health` is the last one seen, since `since`, in `looks` measurements running. `bad_since` is the beginning of
    trouble that no confirmed good state has ended; `alarm` the kind of the open incident."""

    name: str
    host: str
    type: str
    state: str
    health: Health
    cause: Cause
    since: datetime
    looks: int
    measured_at: datetime
    settled: Health | None = None
    bad_since: datetime | None = None
    alarm: Kind | None = None
    missing: int = 0


@dataclass(frozen=True, slots=True)
class StationMemory:
    """`judge_from`: trunks are judged by what they show from then on, since before nothing was known of them."""

    trouble: Trouble | None = None
    row: str = ""
    since: datetime | None = None
    looks: int = 0
    alarm: bool = False
    judge_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Worsened:
    """What was a warning is an outage now."""

    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """The incident goes on, and what it says is no longer true: its trouble or its cause is another."""


@dataclass(frozen=True, slots=True)
class Closed:
    reason: End
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Not an incident; worth a quiet note."""


Transition = Opened | Worsened | Changed | Closed | SwitchedOff


def step_station(memory: StationMemory, sight: Sight, policy: Policy) -> tuple[StationMemory, Transition | None]:
    """Trouble must last and be seen twice; so must its end."""
    now = sight.at
    if sight.trouble is None:
        return _station_answers(memory, now)
    if memory.trouble is None:
        memory = replace(memory, since=memory.since if memory.alarm else now, looks=0)
    changed = memory.alarm and (sight.trouble, sight.row) != (memory.trouble, memory.row) and memory.trouble is not None
    memory = replace(memory, trouble=sight.trouble, row=sight.row, looks=memory.looks + 1)
    since = memory.since or now
    if not memory.alarm and memory.looks >= LOOKS and now - since >= timedelta(seconds=policy.alert_after):
        return replace(memory, alarm=True), Opened(Kind.STATION, since)
    return memory, Changed() if changed else None


def _station_answers(memory: StationMemory, now: datetime) -> tuple[StationMemory, Transition | None]:
    if memory.trouble is None and not memory.alarm:
        return memory, None
    if not memory.alarm:
        return StationMemory(judge_from=now), None
    if memory.trouble is not None:
        # The first good look: `since` stays the outage's, the next one decides.
        return replace(memory, trouble=None, looks=1, judge_from=now), None
    return StationMemory(judge_from=memory.judge_from), Closed(End.RECOVERED, memory.judge_from or now)


def first_sight(sight: TrunkSight) -> TrunkMemory:
    return TrunkMemory(
        name=sight.name,
        host=sight.host,
        type=sight.type,
        state=sight.state,
        health=sight.health,
        cause=sight.cause,
        since=sight.since or sight.measured_at,
        looks=0,
        # Earlier than any measurement, so that this first one counts.
        measured_at=sight.measured_at - timedelta(seconds=1),
    )


def step_trunk(
    memory: TrunkMemory, sight: TrunkSight, now: datetime, policy: Policy, judge_from: datetime | None
) -> tuple[TrunkMemory, Transition | None]:
    """One trunk, one look. A measurement that was counted before proves nothing new."""
    memory = replace(memory, name=sight.name, host=sight.host, type=sight.type, missing=0)
    if sight.measured_at <= memory.measured_at:
        return memory, None
    memory, changed = _count(memory, sight)
    match memory.health:
        case Health.UP:
            return _judge_up(memory)
        case Health.OFF:
            return _judge_off(memory, now)
        case Health.UNKNOWN:
            return _judge_unknown(memory, now, policy)
    return _judge_bad(memory, now, policy, judge_from, changed=changed)


def step_missing(memory: TrunkMemory, now: datetime) -> tuple[TrunkMemory | None, Transition | None]:
    """A trunk that is not in the list: deleted, once two looks say so."""
    memory = replace(memory, missing=memory.missing + 1)
    if memory.missing < LOOKS:
        return memory, None
    return None, Closed(End.DELETED, now) if memory.alarm else None


def judge_anew(memory: TrunkMemory) -> TrunkMemory:
    """After the station was in trouble: what was counted before it does not count any more."""
    return replace(memory, looks=0)


def _count(memory: TrunkMemory, sight: TrunkSight) -> tuple[TrunkMemory, bool]:
    same = sight.health is memory.health
    since = memory.since if same else _began(sight, memory)
    bad = sight.health in (Health.DOWN, Health.DEGRADED)
    changed = same and bad and sight.cause is not memory.cause
    return replace(
        memory,
        state=sight.state,
        health=sight.health,
        cause=sight.cause,
        since=since,
        looks=min(memory.looks + 1, LOOKS) if same else 1,
        measured_at=sight.measured_at,
        bad_since=(memory.bad_since or since) if bad else memory.bad_since,
    ), changed


def _began(sight: TrunkSight, memory: TrunkMemory) -> datetime:
    """When this state began: the PBX's word for it, unless that lies before what was last measured to be otherwise."""
    if sight.since is None or sight.since < memory.measured_at:
        return sight.measured_at
    return sight.since


def _judge_up(memory: TrunkMemory) -> tuple[TrunkMemory, Transition | None]:
    if memory.looks < LOOKS:
        return memory, None
    ended = Closed(End.RECOVERED, memory.since) if memory.alarm else None
    return replace(memory, settled=Health.UP, bad_since=None, alarm=None), ended


def _judge_off(memory: TrunkMemory, now: datetime) -> tuple[TrunkMemory, Transition | None]:
    if memory.alarm:
        told: Transition | None = Closed(End.SWITCHED_OFF, now)
    else:
        told = SwitchedOff() if memory.settled not in (None, Health.OFF) else None
    return replace(memory, settled=Health.OFF, bad_since=None, alarm=None), told


def _judge_unknown(memory: TrunkMemory, now: datetime, policy: Policy) -> tuple[TrunkMemory, Transition | None]:
    lasts = now - memory.since >= timedelta(seconds=policy.unknown_after)
    if memory.alarm or memory.looks < LOOKS or not lasts:
        return memory, None
    return replace(memory, settled=Health.UNKNOWN, alarm=Kind.TRUNK_UNKNOWN), Opened(Kind.TRUNK_UNKNOWN, memory.since)


def _judge_bad(
    memory: TrunkMemory, now: datetime, policy: Policy, judge_from: datetime | None, *, changed: bool
) -> tuple[TrunkMemory, Transition | None]:
    began = memory.bad_since or memory.since
    held = now - max(began, judge_from or began) >= timedelta(seconds=policy.alert_after)
    kind = Kind.TRUNK_DOWN if memory.health is Health.DOWN else Kind.TRUNK_DEGRADED
    if memory.looks < LOOKS or not held or memory.alarm in (kind, Kind.TRUNK_DOWN):
        return memory, Changed() if changed and memory.alarm is kind else None
    told: Transition = Worsened(kind, began) if memory.alarm else Opened(kind, began)
    return replace(memory, settled=memory.health, alarm=kind), told


def needs_fresh_look(station: StationMemory, trunks: Mapping[str, TrunkMemory]) -> bool:
    """Whether the next look may decide something, so that it should be a measurement of its own."""
    if station.trouble is not None or station.alarm:
        # While a trouble simply lasts the PBX is spared: with a dead engine each measurement costs it 6 s.
        return (station.trouble is None) is station.alarm
    return any(m.looks < LOOKS or m.missing or (m.health is Health.DOWN and not m.alarm) for m in trunks.values())


def lasting(memory: TrunkMemory | None) -> TrunkMemory | None:
    """What of a memory must survive a restart: not when a steady trunk was last measured; that changes at each look."""
    steady = memory is not None and memory.looks >= LOOKS and memory.health is Health.UP
    return replace(memory, measured_at=memory.since) if memory is not None and steady else memory

"""The trunk machine: memory and a look in, memory and a transition out. Pure; time is passed in.

It remembers since when things are as they are, and how many looks said so; nothing is decided from less than two
distinct measurements, and everything it remembers survives a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.health import Cause, Health
from bot.alerts.incident import Changed, Closed, Eased, End, Gone, Kind, Opened, SwitchedOff, Transition, Worsened
from bot.alerts.observation import TrunkSight
from bot.alerts.station_machine import StationMemory

LOOKS = 2
# A measurement of the PBX may lie a little ahead of our own clock.
CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """`alert_after` is how long a trunk must be down before anybody is told. A trunk that goes down `flaps` times
    within `flapping_within` flaps, until it was up for `calm`; down for `settled` meanwhile, it is down. Seconds."""

    poll_interval: float = 10
    alert_after: float = 30
    unknown_after: float = 300
    flaps: int = 4
    flapping_within: float = 1800
    settled: float = 180
    calm: float = 900

    def lasts(self, since: datetime, now: datetime, seconds: float) -> bool:
        """What began in the future began before a clock that was plainly wrong was set right: nobody waits for that."""
        return since > now + CLOCKS_DIFFER or now - since >= timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Drop:
    """An outage, told or not; `seconds` once it has ended."""

    began: datetime
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class TrunkMemory:
    """`health` is the last one seen, since `since`, in `looks` measurements running. `bad_since` is the beginning of
    trouble that no confirmed good state has ended; `alarm` the kind of the open incident; `up_since` the beginning of
    the last confirmed good state. `drops` are the last outages; while it flaps, `flaps` counts them from
    `flapping_since`, and `downtime` the seconds of those that ended."""

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
    up_since: datetime | None = None
    drops: tuple[Drop, ...] = ()
    flapping_since: datetime | None = None
    flaps: int = 0
    downtime: float = 0


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
    """One trunk, one look. A measurement that was counted before proves nothing new; one from the future was made
    before the clock was set back."""
    memory = replace(memory, name=sight.name, host=sight.host, type=sight.type, missing=0)
    if sight.measured_at <= memory.measured_at <= now + CLOCKS_DIFFER:
        return memory, None
    memory, changed = _count(memory, sight)
    match memory.health:
        case Health.UP:
            return _judge_up(memory, now, policy)
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
    if memory.alarm:
        return None, Closed(End.DELETED, now)
    return None, Gone() if memory.settled not in (None, Health.OFF) else None


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
        # Of what is well no cause is known, and the last one is what people ask for.
        cause=sight.cause if bad or memory.looks == 0 else memory.cause,
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


def _judge_up(memory: TrunkMemory, now: datetime, policy: Policy) -> tuple[TrunkMemory, Transition | None]:
    if memory.looks < LOOKS:
        return memory, None
    ended = memory.since
    memory, was_down = _end_drop(memory)
    memory = replace(memory, settled=Health.UP, bad_since=None, up_since=ended)
    if memory.flapping_since is None:
        return replace(memory, alarm=None), Closed(End.RECOVERED, ended) if memory.alarm else None
    if policy.lasts(ended, now, policy.calm):
        return _calm(memory), Closed(End.RECOVERED, ended)
    if not was_down:
        return memory, None
    if memory.alarm is Kind.TRUNK_DOWN:
        return replace(memory, alarm=Kind.TRUNK_FLAPPING), Eased(Kind.TRUNK_FLAPPING)
    return memory, Changed()


def _judge_off(memory: TrunkMemory, now: datetime) -> tuple[TrunkMemory, Transition | None]:
    # Once is not enough: a trunk that is registered anew is switched off for a moment.
    if memory.looks < LOOKS:
        return memory, None
    if memory.alarm:
        told: Transition | None = Closed(End.SWITCHED_OFF, now)
    else:
        told = SwitchedOff() if memory.settled not in (None, Health.OFF) else None
    return replace(_calm(memory), settled=Health.OFF, bad_since=None, up_since=None), told


def _judge_unknown(memory: TrunkMemory, now: datetime, policy: Policy) -> tuple[TrunkMemory, Transition | None]:
    lasts = policy.lasts(memory.since, now, policy.unknown_after)
    if memory.alarm or memory.looks < LOOKS or not lasts:
        return memory, None
    return replace(memory, settled=Health.UNKNOWN, alarm=Kind.TRUNK_UNKNOWN), Opened(Kind.TRUNK_UNKNOWN, memory.since)


def _judge_bad(
    memory: TrunkMemory, now: datetime, policy: Policy, judge_from: datetime | None, *, changed: bool
) -> tuple[TrunkMemory, Transition | None]:
    began = memory.bad_since or memory.since
    if memory.looks >= LOOKS and memory.health is Health.DOWN:
        memory = _count_drop(memory, began, now, policy)
    if memory.flapping_since is not None:
        return _judge_flapping(memory, began, now, policy, changed=changed)
    held = policy.lasts(max(began, judge_from or began), now, policy.alert_after)
    kind = Kind.TRUNK_DOWN if memory.health is Health.DOWN else Kind.TRUNK_DEGRADED
    if memory.looks < LOOKS or not held or memory.alarm in (kind, Kind.TRUNK_DOWN):
        return memory, Changed() if changed and memory.alarm is kind else None
    told: Transition = Worsened(kind, began) if memory.alarm else Opened(kind, began)
    return replace(memory, settled=memory.health, alarm=kind), told


def _count_drop(memory: TrunkMemory, began: datetime, now: datetime, policy: Policy) -> TrunkMemory:
    """Short ones count too: a trunk that is never down long enough to be told of is no less broken."""
    if any(drop.began == began for drop in memory.drops):
        return memory
    recent = (drop for drop in memory.drops if not policy.lasts(drop.began, now, policy.flapping_within))
    drops = (*recent, Drop(began))
    if memory.flapping_since is not None:
        return replace(memory, drops=drops, flaps=memory.flaps + 1)
    # An outage that is told already ends first; the next drop decides.
    if len(drops) < policy.flaps or memory.alarm is Kind.TRUNK_DOWN:
        return replace(memory, drops=drops)
    downtime = sum(drop.seconds for drop in drops)
    return replace(memory, drops=drops, flapping_since=drops[0].began, flaps=len(drops), downtime=downtime)


def _end_drop(memory: TrunkMemory) -> tuple[TrunkMemory, bool]:
    """It is up again; whether it was down before, and not only badly reachable or down in a single look."""
    if memory.bad_since is None or not memory.drops or memory.drops[-1].began != memory.bad_since:
        return memory, False
    seconds = (memory.since - memory.bad_since).total_seconds()
    drops = (*memory.drops[:-1], replace(memory.drops[-1], seconds=seconds))
    downtime = memory.downtime + seconds if memory.flapping_since is not None else 0.0
    return replace(memory, drops=drops, downtime=downtime), True


def _judge_flapping(
    memory: TrunkMemory, began: datetime, now: datetime, policy: Policy, *, changed: bool
) -> tuple[TrunkMemory, Transition | None]:
    since = memory.flapping_since or began
    if memory.alarm not in (Kind.TRUNK_FLAPPING, Kind.TRUNK_DOWN):
        told: Transition = Worsened(Kind.TRUNK_FLAPPING, since) if memory.alarm else Opened(Kind.TRUNK_FLAPPING, since)
        return replace(memory, alarm=Kind.TRUNK_FLAPPING, settled=memory.health), told
    is_down = memory.health is Health.DOWN and memory.looks >= LOOKS
    if memory.alarm is Kind.TRUNK_FLAPPING and is_down and policy.lasts(memory.since, now, policy.settled):
        return replace(memory, alarm=Kind.TRUNK_DOWN, settled=Health.DOWN), Worsened(Kind.TRUNK_DOWN, began)
    return memory, Changed() if changed else None


def _calm(memory: TrunkMemory) -> TrunkMemory:
    return replace(memory, alarm=None, drops=(), flapping_since=None, flaps=0, downtime=0.0)


def needs_fresh_look(station: StationMemory, trunks: Mapping[str, TrunkMemory]) -> bool:
    """Whether the next look may decide something, so that it should be a measurement of its own."""
    if station.trouble is not None or station.alarm:
        # While a trouble simply lasts the PBX is spared: with a dead engine each measurement costs it 6 s.
        return (station.trouble is None) is station.alarm
    return any(m.looks < LOOKS or m.missing or (m.health is Health.DOWN and not m.alarm) for m in trunks.values())


def differ_lastingly(one: TrunkMemory | None, other: TrunkMemory | None) -> bool:
    """Return True if one of two memories has to be stored again. `measured_at` of a trunk whose state is sure does not
    count: it changes at each look."""
    if one is other or one is None or other is None:
        return one is not other
    if one.looks >= LOOKS and other.looks >= LOOKS:
        one = replace(one, measured_at=other.measured_at)
    return one != other

"""State machine of a trunk: (state, observation) to (state, transition). Pure; time is a parameter.

A decision takes at least two distinct measurements; the state survives a restart.

A dying provider's trunk is partially down first (measured: for 16 to 81 s, in any dialect), and so is a recovering
one's (for up to 57 s). So a partial outage is a warning first. Down within `partial_after`, it was the first minute of
that outage; after that it is an incident of its own. During recovery it ends the outage and starts no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.detection.observation import TrunkObservation
from bot.detection.station_machine import StationState
from bot.detection.trunk_health import Health
from bot.detection.trunk_state import CONFIRMATIONS, Outage, TrunkState, revise, update
from bot.incidents.model import (
    PARTIAL_KINDS,
    PARTIAL_OUTAGES,
    Changed,
    Downgraded,
    End,
    Kind,
    Opened,
    Resolved,
    SwitchedOff,
    Transition,
    TrunkGone,
    Unreported,
    Upgraded,
)

# The PBX's measurement may be slightly ahead of the bot's clock.
CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds in seconds.

    `alert_after`: down before notification; `partial_after`: partially down before it is an outage of its own. A trunk
    that goes down `flaps` times within `flapping_within` is flapping until up for `calm`; down for `settled` meanwhile,
    it is down.
    """

    poll_interval: float = 10
    alert_after: float = 30
    partial_after: float = 150
    unknown_after: float = 300
    flaps: int = 4
    flapping_within: float = 1800
    settled: float = 180
    calm: float = 900

    def lasts(self, since: datetime, now: datetime, seconds: float) -> bool:
        """Return True if `since` is `seconds` ago, or in the future: it predates a correction of the clock, and does
        not wait.
        """
        return since > now + CLOCKS_DIFFER or now - since >= timedelta(seconds=seconds)


def evaluate_trunk(
    memory: TrunkState, observation: TrunkObservation, now: datetime, policy: Policy, judge_from: datetime | None
) -> tuple[TrunkState, Transition | None]:
    """Evaluate one observation of a trunk.

    A repeated measurement is ignored; one in the future predates a correction of the clock.
    """
    memory = revise(memory, name=observation.name, host=observation.host, type=observation.type, missing=0)
    if observation.measured_at <= memory.measured_at <= now + CLOCKS_DIFFER:
        return memory, None
    memory, changed = update(memory, observation)
    match memory.health:
        case Health.UP:
            return _evaluate_up(memory, now, policy)
        case Health.OFF:
            return _evaluate_off(memory, now)
        case Health.UNKNOWN:
            return _evaluate_unknown(memory, now, policy)
        case Health.UNWATCHED:
            return _evaluate_unwatched(memory, now)
        case Health.PARTIAL:
            return _evaluate_partial(memory, now, policy, judge_from, changed=changed)
    return _evaluate_bad(memory, now, policy, judge_from, changed=changed)


def evaluate_missing(memory: TrunkState, now: datetime) -> tuple[TrunkState | None, Transition | None]:
    """Judge a trunk deleted after CONFIRMATIONS observations without it."""
    memory = replace(memory, missing=memory.missing + 1)
    if memory.missing < CONFIRMATIONS:
        return memory, None
    if memory.alarm:
        return None, Resolved(End.DELETED, now)
    return None, TrunkGone() if memory.settled not in (None, Health.OFF) else None


def reevaluate(memory: TrunkState) -> TrunkState:
    """Reset the counter after a station fault."""
    return replace(memory, looks=0)


def _evaluate_up(memory: TrunkState, now: datetime, policy: Policy) -> tuple[TrunkState, Transition | None]:
    if memory.looks < CONFIRMATIONS:
        return memory, None
    ended = memory.since
    memory, was_down = _end_outage(memory)
    memory = revise(memory, settled=Health.UP, bad_since=None, up_since=ended)
    if memory.flapping_since is None:
        return revise(memory, alarm=None), Resolved(End.RECOVERED, ended) if memory.alarm else None
    if policy.lasts(ended, now, policy.calm):
        return _calm(memory), Resolved(End.RECOVERED, ended)
    if memory.alarm in PARTIAL_OUTAGES | {Kind.TRUNK_DOWN}:
        return replace(memory, alarm=Kind.TRUNK_FLAPPING), Downgraded(Kind.TRUNK_FLAPPING)
    return memory, Changed() if was_down else None


def _evaluate_off(memory: TrunkState, now: datetime) -> tuple[TrunkState, Transition | None]:
    # One observation is not enough: re-registration disables a trunk briefly.
    if memory.looks < CONFIRMATIONS:
        return memory, None
    if memory.alarm:
        transition: Transition | None = Resolved(End.SWITCHED_OFF, now)
    else:
        transition = SwitchedOff() if memory.settled not in (None, Health.OFF) else None
    return replace(_calm(memory), settled=Health.OFF, bad_since=None, up_since=None), transition


def _evaluate_unknown(memory: TrunkState, now: datetime, policy: Policy) -> tuple[TrunkState, Transition | None]:
    lasts = policy.lasts(memory.since, now, policy.unknown_after)
    if memory.alarm or memory.looks < CONFIRMATIONS or not lasts:
        return memory, None
    return replace(memory, settled=Health.UNKNOWN, alarm=Kind.TRUNK_UNKNOWN), Opened(Kind.TRUNK_UNKNOWN, memory.since)


def _evaluate_unwatched(memory: TrunkState, now: datetime) -> tuple[TrunkState, Transition | None]:
    if memory.looks < CONFIRMATIONS or memory.settled is Health.UNWATCHED:
        return memory, None
    transition: Transition = Resolved(End.NOT_TOLD, now) if memory.alarm else Unreported()
    return replace(_calm(memory), settled=Health.UNWATCHED, bad_since=None, up_since=None), transition


def _evaluate_partial(
    memory: TrunkState, now: datetime, policy: Policy, judge_from: datetime | None, *, changed: bool
) -> tuple[TrunkState, Transition | None]:
    if memory.looks < CONFIRMATIONS:
        return memory, None
    if memory.returning and memory.bad_since != memory.since:
        return _evaluate_recovery(memory)
    told_to_last = memory.alarm in PARTIAL_KINDS
    if told_to_last:
        # It was down too briefly for a notification.
        memory, was_down = _end_outage(memory)
        memory = replace(memory, bad_since=memory.since) if was_down else memory
    began = memory.bad_since or memory.since
    lasts = told_to_last or policy.lasts(max(began, judge_from or began), now, policy.partial_after)
    held = policy.lasts(max(began, judge_from or began), now, policy.alert_after)
    if not (lasts or (held and not memory.returning)) or (memory.flapping_since is not None and not lasts):
        return memory, Changed() if changed and memory.alarm else None
    kind = _kind_by_lost_calls(memory, now, policy) if lasts else Kind.TRUNK_PARTIAL
    if memory.alarm is kind:
        return memory, Changed() if changed else None
    transition: Transition
    if memory.alarm is None:
        transition = Opened(kind, began)
    elif kind is Kind.TRUNK_DETOURED and memory.alarm is Kind.TRUNK_OUTBOUND_DOWN:
        transition = Downgraded(kind)
    elif told_to_last:
        transition = Upgraded(kind, memory.no_detour_since or now)
    else:
        transition = Upgraded(kind, now if lasts else began)
    return replace(memory, settled=Health.PARTIAL, alarm=kind), transition


def _kind_by_lost_calls(memory: TrunkState, now: datetime, policy: Policy) -> Kind:
    """Return the kind by lost calls: the detour must be gone for `alert_after`, like a trunk that is down."""
    lost = memory.no_detour_since
    if lost is None:
        return Kind.TRUNK_DETOURED
    keeps = memory.alarm is Kind.TRUNK_DETOURED and not policy.lasts(lost, now, policy.alert_after)
    return Kind.TRUNK_DETOURED if keeps else Kind.TRUNK_OUTBOUND_DOWN


def _evaluate_recovery(memory: TrunkState) -> tuple[TrunkState, Transition | None]:
    """End the outage: registered again, OPTIONS still pending. A later failure is another outage."""
    memory, _ = _end_outage(memory)
    memory = replace(memory, bad_since=memory.since, up_since=None)
    if memory.flapping_since is not None:
        if memory.alarm is not Kind.TRUNK_DOWN:
            return memory, Changed() if memory.alarm else None
        return replace(memory, alarm=Kind.TRUNK_FLAPPING), Downgraded(Kind.TRUNK_FLAPPING)
    transition = Resolved(End.RECOVERED, memory.since, calls_out_pending=True) if memory.alarm else None
    return replace(memory, settled=Health.PARTIAL, alarm=None), transition


def _evaluate_bad(
    memory: TrunkState, now: datetime, policy: Policy, judge_from: datetime | None, *, changed: bool
) -> tuple[TrunkState, Transition | None]:
    is_down = memory.health is Health.DOWN
    if is_down and memory.alarm in PARTIAL_KINDS:
        # After a long partial outage, a full one is a new incident.
        memory = replace(memory, bad_since=memory.since)
    began = memory.bad_since or memory.since
    if memory.looks >= CONFIRMATIONS and is_down:
        memory = _count_outage(memory, began, now, policy)
    if memory.flapping_since is not None:
        return _evaluate_flapping(memory, began, now, policy, changed=changed)
    held = policy.lasts(max(began, judge_from or began), now, policy.alert_after)
    kind = Kind.TRUNK_DOWN if is_down else Kind.TRUNK_DEGRADED
    if memory.looks < CONFIRMATIONS or not held or memory.alarm in (kind, Kind.TRUNK_DOWN):
        return memory, Changed() if changed and memory.alarm is kind else None
    transition: Transition
    if memory.alarm is None:
        transition = Opened(kind, began)
    elif not is_down and memory.alarm in PARTIAL_OUTAGES:
        transition = Downgraded(kind)
    else:
        transition = Upgraded(kind, memory.since)
    return replace(memory, settled=memory.health, alarm=kind), transition


def _count_outage(memory: TrunkState, began: datetime, now: datetime, policy: Policy) -> TrunkState:
    """Record an outage, also one too short for a notification: many of them are flapping."""
    if any(drop.began == began for drop in memory.drops):
        return memory
    recent = (drop for drop in memory.drops if not policy.lasts(drop.began, now, policy.flapping_within))
    drops = (*recent, Outage(began))
    if memory.flapping_since is not None:
        return replace(memory, drops=drops, flaps=memory.flaps + 1)
    # A notified outage ends first; the next one decides.
    if len(drops) < policy.flaps or memory.alarm is Kind.TRUNK_DOWN:
        return replace(memory, drops=drops)
    downtime = sum(drop.seconds for drop in drops)
    return replace(memory, drops=drops, flapping_since=drops[0].began, flaps=len(drops), downtime=downtime)


def _end_outage(memory: TrunkState) -> tuple[TrunkState, bool]:
    """End the current outage; return True if there was one, confirmed and full."""
    if memory.bad_since is None or not memory.drops or memory.drops[-1].began != memory.bad_since:
        return memory, False
    seconds = (memory.since - memory.bad_since).total_seconds()
    drops = (*memory.drops[:-1], replace(memory.drops[-1], seconds=seconds))
    downtime = memory.downtime + seconds if memory.flapping_since is not None else 0.0
    return replace(memory, drops=drops, downtime=downtime), True


def _evaluate_flapping(
    memory: TrunkState, began: datetime, now: datetime, policy: Policy, *, changed: bool
) -> tuple[TrunkState, Transition | None]:
    since = memory.flapping_since or began
    if memory.alarm not in (Kind.TRUNK_FLAPPING, Kind.TRUNK_DOWN):
        transition: Transition = (
            Upgraded(Kind.TRUNK_FLAPPING, since) if memory.alarm else Opened(Kind.TRUNK_FLAPPING, since)
        )
        return replace(memory, alarm=Kind.TRUNK_FLAPPING, settled=memory.health), transition
    is_down = memory.health is Health.DOWN and memory.looks >= CONFIRMATIONS
    if memory.alarm is Kind.TRUNK_FLAPPING and is_down and policy.lasts(memory.since, now, policy.settled):
        return replace(memory, alarm=Kind.TRUNK_DOWN, settled=Health.DOWN), Upgraded(Kind.TRUNK_DOWN, began)
    return memory, Changed() if changed else None


def _calm(memory: TrunkState) -> TrunkState:
    return replace(memory, alarm=None, drops=(), flapping_since=None, flaps=0, downtime=0.0)


def needs_fresh_states(station: StationState, trunks: Mapping[str, TrunkState]) -> bool:
    """Return True if the next poll may decide something and should be a fresh measurement."""
    if station.trouble is not None or station.alarm:
        # During a lasting fault the PBX is spared: with Asterisk down each measurement costs it 6 s.
        return (station.trouble is None) is station.alarm
    undecided = (Health.DOWN, Health.PARTIAL)
    return any(m.looks < CONFIRMATIONS or m.missing or (m.health in undecided and not m.alarm) for m in trunks.values())

"""State of a trunk, and its update by one observation. Pure; time is a parameter."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter

from bot.detection.observation import TrunkObservation
from bot.detection.outbound_detour import UNKNOWN_DETOUR, Detour
from bot.detection.trunk_health import SILENT, Cause, Health, is_inbound
from bot.incidents.model import KINDS, PARTIAL_OUTAGES, Kind

CONFIRMATIONS = 2
# Asterisk retries 45 s after an attempt without an answer, and each takes up to 32 s (measured). A state within this
# time predates the provider's recovery.
RETRIED_WITHIN = timedelta(seconds=60)
# The trunks of one internet outage fail and recover up to 130 s apart (measured); an early recovery does not change the
# cause of the others.
SPREAD = timedelta(seconds=130)
BAD = frozenset({Health.DOWN, Health.PARTIAL, Health.DEGRADED})


@dataclass(frozen=True, slots=True)
class Outage:
    """Outage, notified or not; `seconds` once ended."""

    began: datetime
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class TrunkState:
    """State of a trunk.

    `health` since `since`, in `looks` consecutive measurements. `bad_since`: start of a failure that no confirmed good
    state has ended; `alarm`: kind of the open incident; `up_since`: start of the last confirmed good state. `drops` are
    recent outages; while flapping, `flaps` counts them from `flapping_since`, and `downtime` sums the seconds of ended
    ones.

    `was_silent`: the provider did not answer in this failure; `heard_since`: it answers again since. `was_cut_off` and
    `reached_since`: the same for the PBX's own internet. `returning`: registered again after an outage, OPTIONS
    pending. `no_detour_since`: outbound calls of a partial outage are lost since. `registering_again`: the provider
    answers, the PBX's retry is pending.
    """

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
    drops: tuple[Outage, ...] = ()
    flapping_since: datetime | None = None
    flaps: int = 0
    downtime: float = 0
    was_silent: bool = False
    heard_since: datetime | None = None
    was_cut_off: bool = False
    reached_since: datetime | None = None
    returning: bool = False
    registering_again: bool = False
    detour: Detour = UNKNOWN_DETOUR
    no_detour_since: datetime | None = None
    banned_until: datetime | None = None


def initial_state(observation: TrunkObservation) -> TrunkState:
    return TrunkState(
        name=observation.name,
        host=observation.host,
        type=observation.type,
        state=observation.state,
        health=observation.health,
        cause=observation.cause,
        since=observation.since or observation.measured_at,
        looks=0,
        # Before any measurement, so that this first one counts.
        measured_at=observation.measured_at - timedelta(seconds=1),
    )


def revise(memory: TrunkState, **values: Any) -> TrunkState:
    """Return the state with these values, itself if it has them: most polls change nothing, and `replace` copies all
    fields. Measured: a quarter of what a poll costs beside HTTP."""
    if all(getattr(memory, name) == value for name, value in values.items()):
        return memory
    return replace(memory, **values)


def update(memory: TrunkState, observation: TrunkObservation) -> tuple[TrunkState, bool]:
    """Return the updated state, and True if facts of a lasting failure have changed."""
    same = observation.health is memory.health
    since = memory.since if same else _began(observation, memory)
    bad = observation.health in BAD
    before, memory = memory, _with_provider_silence(memory, observation)
    cause, registering_again = _cause(memory, observation)
    after = replace(
        memory,
        state=observation.state,
        health=observation.health,
        # The cause is kept after recovery, for people that ask for it.
        cause=cause if bad or memory.looks == 0 else memory.cause,
        registering_again=registering_again,
        detour=observation.detour,
        no_detour_since=_no_detour_since(memory, observation),
        banned_until=observation.banned_until,
        returning=memory.returning if same else observation.health is Health.PARTIAL and _was_down(memory),
        since=since,
        looks=min(memory.looks + 1, CONFIRMATIONS) if same else 1,
        measured_at=observation.measured_at,
        bad_since=_bad_since(memory, observation, since),
    )
    return after, same and bad and _reported_facts(after) != _reported_facts(before)


def _reported_facts(memory: TrunkState) -> tuple[object, ...]:
    return memory.cause, memory.registering_again, memory.detour, memory.banned_until


def _was_down(memory: TrunkState) -> bool:
    """Return True if the trunk was down; an open partial incident remains partial until upgraded."""
    return memory.alarm is Kind.TRUNK_DOWN or (memory.health is Health.DOWN and memory.alarm not in PARTIAL_OUTAGES)


def _bad_since(memory: TrunkState, observation: TrunkObservation, since: datetime) -> datetime | None:
    """Return the start of the failure; going down again after a notified recovery starts another."""
    if observation.health not in BAD:
        return memory.bad_since
    again = observation.health is Health.DOWN and memory.returning and memory.alarm is None
    return since if again and memory.health is Health.PARTIAL else memory.bad_since or since


def _with_provider_silence(memory: TrunkState, observation: TrunkObservation) -> TrunkState:
    if observation.health is Health.UP:
        return revise(memory, was_silent=False, heard_since=None, was_cut_off=False, reached_since=None)
    if observation.health not in BAD:
        return memory
    silent, cut_off = observation.cause in SILENT, observation.cause is Cause.OWN_INTERNET
    return replace(
        memory,
        was_silent=memory.was_silent or silent,
        heard_since=_ended(memory.heard_since, memory.was_silent, silent, observation.measured_at),
        was_cut_off=memory.was_cut_off or cut_off,
        reached_since=_ended(memory.reached_since, memory.was_cut_off, cut_off, observation.measured_at),
    )


def _ended(known: datetime | None, was: bool, is_: bool, now: datetime) -> datetime | None:
    """Return since when a past condition has ended."""
    return None if is_ or not was else known or now


def _cause(memory: TrunkState, observation: TrunkObservation) -> tuple[Cause, bool]:
    """Return (cause, retry pending).

    A refusal counts only if received while the provider answered; one outage keeps one cause; an expired inbound
    registration shows no cause of its own.
    """
    cause = observation.cause
    if cause is Cause.CREDENTIALS_REFUSED and _is_since(memory.heard_since, observation.measured_at, RETRIED_WITHIN):
        return memory.cause if memory.cause in SILENT else Cause.NO_ANSWER, True
    if cause is Cause.NO_ANSWER and _is_since(memory.reached_since, observation.measured_at, SPREAD):
        return Cause.OWN_INTERNET, False
    if cause is Cause.UNKNOWN and is_inbound(observation.state) and memory.was_silent:
        return memory.cause, False
    return cause, False


def _no_detour_since(memory: TrunkState, observation: TrunkObservation) -> datetime | None:
    if observation.health is not Health.PARTIAL or observation.detour.loses_calls is False:
        return None
    return memory.no_detour_since or observation.measured_at


def _is_since(moment: datetime | None, now: datetime, within: timedelta) -> bool:
    return moment is not None and now - moment < within


def _began(observation: TrunkObservation, memory: TrunkState) -> datetime:
    """Return the start of this state: the PBX's time, unless it precedes the last measurement of another state."""
    if observation.since is None or observation.since < memory.measured_at:
        return observation.measured_at
    return observation.since


def differ_lastingly(one: TrunkState | None, other: TrunkState | None) -> bool:
    """Return True if the state must be stored again.

    `measured_at` of a confirmed state is ignored: it changes at each poll.
    """
    if one is other or one is None or other is None:
        return one is not other
    if one.looks >= CONFIRMATIONS and other.looks >= CONFIRMATIONS:
        return _lasting(one) != _lasting(other)
    return one != other


_lasting = attrgetter(*(field.name for field in fields(TrunkState) if field.name != "measured_at"))


ADAPTER = TypeAdapter(TrunkState)


def written(memory: TrunkState) -> dict[str, Any]:
    """Return the state as stored: plain JSON."""
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state


def read(state: dict[str, Any]) -> TrunkState:
    """Read a stored state. An incident of a kind that only a newer version knows is treated as an outage of the trunk:
    it ends when the trunk is up again.
    """
    if state.get("alarm") is not None and state["alarm"] not in KINDS:
        state = state | {"alarm": str(Kind.TRUNK_DOWN)}
    return ADAPTER.validate_python(state)

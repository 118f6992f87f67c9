"""What is remembered of a trunk, and how one look at it is taken into that memory. Pure; time is passed in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.detection.observation import TrunkSight
from bot.detection.outbound_detour import UNKNOWN_DETOUR, Detour
from bot.detection.trunk_health import SILENT, Cause, Health, is_inbound
from bot.incidents.model import HALF_OUT, Kind

LOOKS = 2
# Asterisk tries again 45 s after a try that nobody answered, and gives each 32 s (measured). What it holds until then
# was not heard from the provider that is back.
RETRIED_WITHIN = timedelta(seconds=60)
# The trunks of one cut show it up to 130 s apart (measured), and those that are back first do not change why the others
# went.
SPREAD = timedelta(seconds=130)
BAD = frozenset({Health.DOWN, Health.PARTIAL, Health.DEGRADED})


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
    `flapping_since`, and `downtime` the seconds of those that ended. `was_silent`: in this trouble its provider
    did not answer; `heard_since` is since when it does again. `was_cut_off` and `reached_since` are the same for what
    was put down to the PBX's own internet. `returning`: it was down, and has only registered again. `no_detour_since`
    is since when calls out of half an outage find no other way. `registering_again`: the provider is back, and the PBX
    has not tried yet."""

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
    was_silent: bool = False
    heard_since: datetime | None = None
    was_cut_off: bool = False
    reached_since: datetime | None = None
    returning: bool = False
    registering_again: bool = False
    detour: Detour = UNKNOWN_DETOUR
    no_detour_since: datetime | None = None
    banned_until: datetime | None = None


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


def take_in(memory: TrunkMemory, sight: TrunkSight) -> tuple[TrunkMemory, bool]:
    """The memory with this look in it, and whether what is said of a lasting trouble is no longer true."""
    same = sight.health is memory.health
    since = memory.since if same else _began(sight, memory)
    bad = sight.health in BAD
    before, memory = memory, _heard(memory, sight)
    cause, registering_again = _cause(memory, sight)
    after = replace(
        memory,
        state=sight.state,
        health=sight.health,
        # Of what is well no cause is known, and the last one is what people ask for.
        cause=cause if bad or memory.looks == 0 else memory.cause,
        registering_again=registering_again,
        detour=sight.detour,
        no_detour_since=_no_detour_since(memory, sight),
        banned_until=sight.banned_until,
        returning=memory.returning if same else sight.health is Health.PARTIAL and _was_down(memory),
        since=since,
        looks=min(memory.looks + 1, LOOKS) if same else 1,
        measured_at=sight.measured_at,
        bad_since=_bad_since(memory, sight, since),
    )
    return after, same and bad and _said(after) != _said(before)


def _said(memory: TrunkMemory) -> tuple[object, ...]:
    return memory.cause, memory.registering_again, memory.detour, memory.banned_until


def _was_down(memory: TrunkMemory) -> bool:
    """What is told to be half out goes on being that, until it is told to be down."""
    return memory.alarm is Kind.TRUNK_DOWN or (memory.health is Health.DOWN and memory.alarm not in HALF_OUT)


def _bad_since(memory: TrunkMemory, sight: TrunkSight, since: datetime) -> datetime | None:
    """A trunk that goes down again after its outage was told to be over begins another."""
    if sight.health not in BAD:
        return memory.bad_since
    again = sight.health is Health.DOWN and memory.returning and memory.alarm is None
    return since if again and memory.health is Health.PARTIAL else memory.bad_since or since


def _heard(memory: TrunkMemory, sight: TrunkSight) -> TrunkMemory:
    if sight.health is Health.UP:
        return replace(memory, was_silent=False, heard_since=None, was_cut_off=False, reached_since=None)
    if sight.health not in BAD:
        return memory
    silent, cut_off = sight.cause in SILENT, sight.cause is Cause.OWN_INTERNET
    return replace(
        memory,
        was_silent=memory.was_silent or silent,
        heard_since=_ended(memory.heard_since, memory.was_silent, silent, sight.measured_at),
        was_cut_off=memory.was_cut_off or cut_off,
        reached_since=_ended(memory.reached_since, memory.was_cut_off, cut_off, sight.measured_at),
    )


def _ended(known: datetime | None, was: bool, is_: bool, now: datetime) -> datetime | None:
    """Since when something that was so is so no longer."""
    return None if is_ or not was else known or now


def _cause(memory: TrunkMemory, sight: TrunkSight) -> tuple[Cause, bool]:
    """Why it is down, and whether the provider is back and the next attempt still to come. A refusal is one only if it
    was heard while the provider answered; one event has one cause; and of a provider that registered here nothing is
    left to see once its registration has run out."""
    cause = sight.cause
    if cause is Cause.CREDENTIALS_REFUSED and _is_since(memory.heard_since, sight.measured_at, RETRIED_WITHIN):
        return memory.cause if memory.cause in SILENT else Cause.NO_ANSWER, True
    if cause is Cause.NO_ANSWER and _is_since(memory.reached_since, sight.measured_at, SPREAD):
        return Cause.OWN_INTERNET, False
    if cause is Cause.UNKNOWN and is_inbound(sight.state) and memory.was_silent:
        return memory.cause, False
    return cause, False


def _no_detour_since(memory: TrunkMemory, sight: TrunkSight) -> datetime | None:
    if sight.health is not Health.PARTIAL or sight.detour.loses_calls is False:
        return None
    return memory.no_detour_since or sight.measured_at


def _is_since(moment: datetime | None, now: datetime, within: timedelta) -> bool:
    return moment is not None and now - moment < within


def _began(sight: TrunkSight, memory: TrunkMemory) -> datetime:
    """When this state began: the PBX's word for it, unless that lies before what was last measured to be otherwise."""
    if sight.since is None or sight.since < memory.measured_at:
        return sight.measured_at
    return sight.since


def differ_lastingly(one: TrunkMemory | None, other: TrunkMemory | None) -> bool:
    """Return True if one of two memories has to be stored again. `measured_at` of a trunk whose state is sure does not
    count: it changes at each look."""
    if one is other or one is None or other is None:
        return one is not other
    if one.looks >= LOOKS and other.looks >= LOOKS:
        one = replace(one, measured_at=other.measured_at)
    return one != other

"""What one look at a station showed, in the bot's own terms and on the bot's own clock. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.detection import trunk_cause
from bot.detection.outbound_detour import UNKNOWN_DETOUR, Detour, detour
from bot.detection.trunk_health import SILENT, Cause, Contact, Health, contact_of, health_of
from bot.detection.unreported_trunks import NOTHING_LISTED, Listed
from bot.pbx import (
    Answer,
    Ban,
    Busy,
    Dialect,
    Forbidden,
    OutboundRoute,
    PbxError,
    ServerError,
    TimedOut,
    TrunkStatus,
    Unauthorised,
    Unreachable,
    Untrusted,
    WrongName,
    told_by,
)

# The PBX itself looks every 5 to 30 s; what is much older than that shows that it has stopped looking.
STALE_AFTER = timedelta(seconds=60)
# Clocks that differ by less are the same clock, as far as anybody can tell over a network.
SAME_CLOCK = timedelta(seconds=5)


class Trouble(StrEnum):
    """What can be wrong with a whole station."""

    UNREACHABLE = "unreachable"
    REFUSES_CONNECTION = "refuses_connection"
    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong_name"
    TIMED_OUT = "timed_out"
    NOT_JSON = "not_json"
    SERVER_ERROR = "server_error"
    BLOCKED = "blocked"
    KEY_REFUSED = "key_refused"
    RIGHT_MISSING = "right_missing"
    ENGINE_DOWN = "engine_down"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class TrunkSight:
    """`since` is when the PBX says this state began, `measured_at` when it looked; both on our clock. `detour` is only
    known for half an outage, `banned_until` where the PBX's own firewall keeps the provider out."""

    id: str
    name: str
    host: str
    type: str
    state: str
    health: Health
    cause: Cause
    since: datetime | None
    measured_at: datetime
    detour: Detour = UNKNOWN_DETOUR
    banned_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """One look. With a trouble there are no trunks: nothing is known about them. `skew` is what the PBX's clock must be
    moved by to be ours."""

    at: datetime
    trouble: Trouble | None = None
    row: str = ""
    retry_after: float | None = None
    trunks: Mapping[str, TrunkSight] = field(default_factory=dict)
    stale: bool = False
    skew: timedelta = timedelta(0)
    dialect: Dialect | None = None


def healths_of(told: Mapping[str, TrunkStatus], listed: Listed) -> list[tuple[TrunkStatus, Health]]:
    """Of every trunk that the PBX tells or lists."""
    return [(trunk, health_of(trunk, listed.registration(trunk))) for trunk in listed.all(told).values()]


def silent_in(healths: Iterable[tuple[TrunkStatus, Health]]) -> list[TrunkStatus]:
    """The trunks that are not well because nobody answers."""
    seen = list(healths)
    why = trunk_cause.in_context(seen)
    return [trunk for trunk, health in seen if health in trunk_cause.BAD and why[trunk.id] in SILENT]


def seen(
    answer: Answer[dict[str, TrunkStatus]],
    now: datetime,
    listed: Listed = NOTHING_LISTED,
    *,
    routes: Iterable[OutboundRoute] | None = None,
    banned: Mapping[str, Ban] | None = None,
    reached: Collection[str] = (),
) -> Sight:
    """The PBX's times are moved onto our clock by the time its answer carried. `routes` are its outbound routes, where
    they matter and are known, `banned` the bans of silent providers by the ids of their trunks, `reached` as
    `causes.in_context` wants them."""
    pbx_now = answer.pbx_time or now
    skew = now - pbx_now
    if abs(skew) < SAME_CLOCK:
        skew = timedelta(0)
    measured = [trunk.last_update for trunk in answer.value.values() if trunk.last_update]
    stale = bool(answer.warnings) or any(pbx_now - moment > STALE_AFTER for moment in measured)
    healths, bans = healths_of(answer.value, listed), banned or {}
    why = trunk_cause.in_context(healths, bans, reached)
    working = {trunk.id: trunk.name for trunk, health in healths if _takes_calls(trunk, health)}
    unwatched = {trunk.id for trunk, health in healths if health is Health.UNWATCHED}
    known = None if routes is None else tuple(routes)
    trunks = {}
    for trunk, health in healths:
        one = _trunk(trunk, health, why[trunk.id], now, skew)
        if health is Health.PARTIAL:
            one = replace(one, detour=detour(trunk.id, known, working, unwatched))
        if one.cause is Cause.BANNED and (until := bans[trunk.id].until) is not None:
            one = replace(one, banned_until=until + skew)
        trunks[trunk.id] = one
    return Sight(now, trunks=trunks, stale=stale, skew=skew, dialect=told_by(answer.value.values()))


def _takes_calls(trunk: TrunkStatus, health: Health) -> bool:
    """Also while its provider answers slowly."""
    answers = contact_of(trunk.contact_status) is Contact.ANSWERS
    return health is Health.UP or (health is Health.DEGRADED and answers)


def not_seen(error: PbxError, now: datetime) -> Sight:
    retry_after = error.retry_after if isinstance(error, Busy) else None
    row = error.permission_row if isinstance(error, Forbidden) else ""
    return Sight(now, trouble=_trouble(error), row=row, retry_after=retry_after)


def looks_like_a_dead_engine(answer: Answer[dict[str, TrunkStatus]]) -> bool:
    """Measured: with Asterisk stopped the API answers 200, every enabled trunk is UNKNOWN, those whose provider
    registers here are UNREGISTERED, IAX trunks, which show only then, `unregistered`, and none has a contact. Trunks
    that nobody ever called may look the same: the list of peers decides."""
    enabled = [trunk for trunk in answer.value.values() if health_of(trunk) is not Health.OFF]
    words = {trunk.state.strip().lower() for trunk in enabled}
    return bool(enabled) and words <= {"unknown", "unregistered", ""} and not any(t.contact_status for t in enabled)


def _trunk(trunk: TrunkStatus, health: Health, cause: Cause, now: datetime, skew: timedelta) -> TrunkSight:
    def ours(moment: datetime | None) -> datetime | None:
        return min(moment + skew, now) if moment else None

    return TrunkSight(
        id=trunk.id,
        name=trunk.name,
        host=trunk.host,
        type=trunk.type,
        state=trunk.state,
        health=health,
        cause=cause,
        since=ours(trunk.last_change),
        measured_at=ours(trunk.last_update) or now,
    )


TROUBLES: tuple[tuple[type[PbxError], Trouble], ...] = (
    (Unauthorised, Trouble.KEY_REFUSED),
    (Forbidden, Trouble.RIGHT_MISSING),
    (TimedOut, Trouble.TIMED_OUT),
    (Busy, Trouble.BLOCKED),
    (ServerError, Trouble.SERVER_ERROR),
    (Unreachable, Trouble.UNREACHABLE),
    (WrongName, Trouble.WRONG_NAME),
    (Untrusted, Trouble.UNTRUSTED),
)


def _trouble(error: PbxError) -> Trouble:
    if isinstance(error, Unreachable) and error.refused:
        return Trouble.REFUSES_CONNECTION
    return next((trouble for kind, trouble in TROUBLES if isinstance(error, kind)), Trouble.NOT_JSON)

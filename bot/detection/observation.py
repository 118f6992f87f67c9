"""Result of one poll of a station, in the bot's terms and on the bot's clock. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.detection import trunk_cause
from bot.detection.outbound_detour import UNKNOWN_DETOUR, Detour, detour
from bot.detection.trunk_health import SILENT, Cause, ContactStatus, Health, contact_of, health_of
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.pbx import (
    Answer,
    Ban,
    Busy,
    ConnectionRefused,
    ConnectTimedOut,
    Dialect,
    Expired,
    Forbidden,
    HttpsPort,
    NoRoute,
    NoSuchHost,
    NotMikoPbx,
    NotYetValid,
    OtherFingerprint,
    OutboundRoute,
    PbxError,
    PlainHttpPort,
    ServerError,
    TimedOut,
    TrunkStatus,
    Unauthorised,
    Unreachable,
    Untrusted,
    WrongName,
    dialect_of,
)

# The PBX measures every 5 to 30 s; much older values mean it has stopped.
STALE_AFTER = timedelta(seconds=60)
SHOWN_WITHOUT_ASTERISK = frozenset({"unknown", "unregistered", "off", ""})
# Smaller differences are network latency.
SAME_CLOCK = timedelta(seconds=5)


class StationFault(StrEnum):
    UNREACHABLE = "unreachable"
    NO_SUCH_HOST = "no_such_host"
    REFUSES_CONNECTION = "refuses_connection"
    CONNECT_TIMED_OUT = "connect_timed_out"
    NO_ROUTE = "no_route"
    PLAIN_HTTP_PORT = "plain_http_port"
    HTTPS_PORT = "https_port"
    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong_name"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    OTHER_FINGERPRINT = "other_fingerprint"
    TIMED_OUT = "timed_out"
    NOT_JSON = "not_json"
    NOT_MIKOPBX = "not_mikopbx"
    SERVER_ERROR = "server_error"
    BLOCKED = "blocked"
    KEY_REFUSED = "key_refused"
    RIGHT_MISSING = "right_missing"
    ENGINE_DOWN = "engine_down"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class TrunkObservation:
    """Observed trunk.

    `since` is the start of this state by the PBX, `measured_at` its measurement, both on the bot's clock. `detour` is
    known for a partial outage only, `banned_until` for a provider banned by the PBX's firewall. `round_trip` to the
    provider is in milliseconds, None if the PBX tells none.
    """

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
    round_trip: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One poll.

    With `trouble` set, `trunks` is empty: their states are unknown. `row` is what the trouble names: the row of a
    missing right, or names, date or fingerprint of a certificate. Add `skew` to the PBX's time for the bot's.
    """

    at: datetime
    trouble: StationFault | None = None
    row: str = ""
    retry_after: float | None = None
    trunks: Mapping[str, TrunkObservation] = field(default_factory=dict)
    stale: bool = False
    skew: timedelta = timedelta(0)
    dialect: Dialect | None = None


def healths_of(told: Mapping[str, TrunkStatus], listed: UnreportedTrunks) -> list[tuple[TrunkStatus, Health]]:
    """Return the health of every reported or listed trunk."""
    return [(trunk, health_of(trunk, listed.registration(trunk))) for trunk in listed.all(told).values()]


def silent_in(healths: Iterable[tuple[TrunkStatus, Health]]) -> list[TrunkStatus]:
    """Return the unhealthy trunks without an answer from the provider."""
    seen = list(healths)
    if not any(health in trunk_cause.BAD for _, health in seen):
        return []
    why = trunk_cause.in_context(seen)
    return [trunk for trunk, health in seen if health in trunk_cause.BAD and why[trunk.id] in SILENT]


def from_answer(
    answer: Answer[dict[str, TrunkStatus]],
    now: datetime,
    healths: Sequence[tuple[TrunkStatus, Health]],
    *,
    routes: Iterable[OutboundRoute] | None = None,
    banned: Mapping[str, Ban] | None = None,
    reached: Collection[str] = (),
) -> Observation:
    """Build the observation from an answer, its times shifted to the bot's clock by the answer's own time.

    `healths` are those of `healths_of`; `routes` the outbound routes, None if unknown or not needed; `banned` the
    firewall bans by trunk id; `reached` as in `trunk_cause.in_context`.
    """
    pbx_now = answer.pbx_time or now
    skew = now - pbx_now
    if abs(skew) < SAME_CLOCK:
        skew = timedelta(0)
    measured = [trunk.last_update for trunk in answer.value.values() if trunk.last_update]
    stale = bool(answer.warnings) or any(pbx_now - moment > STALE_AFTER for moment in measured)
    bans = banned or {}
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
    return Observation(now, trunks=trunks, stale=stale, skew=skew, dialect=dialect_of(answer.value.values()))


def _takes_calls(trunk: TrunkStatus, health: Health) -> bool:
    """Return True if calls can go out, also while the provider answers slowly."""
    answers = contact_of(trunk.contact_status) is ContactStatus.ANSWERS
    return health is Health.UP or (health is Health.DEGRADED and answers)


def from_error(error: PbxError, now: datetime) -> Observation:
    retry_after = error.retry_after if isinstance(error, Busy) else None
    return Observation(now, trouble=_trouble(error), row=_named(error), retry_after=retry_after)


def _named(error: PbxError) -> str:
    if isinstance(error, Forbidden):
        return error.permission_row
    return error.shown if isinstance(error, Untrusted) else ""


def suggests_asterisk_down(answer: Answer[dict[str, TrunkStatus]]) -> bool:
    """Return True if Asterisk may be down.

    Measured: with Asterisk stopped the API answers 200, every enabled trunk is UNKNOWN, those whose provider registers
    here are UNREGISTERED, IAX trunks, which show only then, `unregistered`, and none has a contact. Unused trunks may
    look the same: the list of peers decides.
    """
    if any(trunk.state.strip().lower() not in SHOWN_WITHOUT_ASTERISK for trunk in answer.value.values()):
        return False
    enabled = [trunk for trunk in answer.value.values() if health_of(trunk) is not Health.OFF]
    return bool(enabled) and not any(trunk.contact_status for trunk in enabled)


def _trunk(trunk: TrunkStatus, health: Health, cause: Cause, now: datetime, skew: timedelta) -> TrunkObservation:
    def ours(moment: datetime | None) -> datetime | None:
        return min(moment + skew, now) if moment else None

    return TrunkObservation(
        id=trunk.id,
        name=trunk.name,
        host=trunk.host,
        type=trunk.type,
        state=trunk.state,
        health=health,
        cause=cause,
        since=ours(trunk.last_change),
        measured_at=ours(trunk.last_update) or now,
        round_trip=trunk.rtt,
    )


# The first one that fits, so that a kind comes before the more general one.
FAULTS: tuple[tuple[type[PbxError], StationFault], ...] = (
    (Unauthorised, StationFault.KEY_REFUSED),
    (Forbidden, StationFault.RIGHT_MISSING),
    (TimedOut, StationFault.TIMED_OUT),
    (Busy, StationFault.BLOCKED),
    (ServerError, StationFault.SERVER_ERROR),
    (NoSuchHost, StationFault.NO_SUCH_HOST),
    (ConnectionRefused, StationFault.REFUSES_CONNECTION),
    (ConnectTimedOut, StationFault.CONNECT_TIMED_OUT),
    (NoRoute, StationFault.NO_ROUTE),
    (Unreachable, StationFault.UNREACHABLE),
    (PlainHttpPort, StationFault.PLAIN_HTTP_PORT),
    (HttpsPort, StationFault.HTTPS_PORT),
    (WrongName, StationFault.WRONG_NAME),
    (Expired, StationFault.EXPIRED),
    (NotYetValid, StationFault.NOT_YET_VALID),
    (OtherFingerprint, StationFault.OTHER_FINGERPRINT),
    (Untrusted, StationFault.UNTRUSTED),
    (NotMikoPbx, StationFault.NOT_MIKOPBX),
)


def _trouble(error: PbxError) -> StationFault:
    return next((trouble for kind, trouble in FAULTS if isinstance(error, kind)), StationFault.NOT_JSON)

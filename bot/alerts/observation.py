"""What one look at a station showed, in the bot's own terms and on the bot's own clock. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts import causes
from bot.alerts.health import Cause, Health, read_health
from bot.pbx import (
    Answer,
    Busy,
    Forbidden,
    PbxError,
    ServerError,
    TimedOut,
    TrunkStatus,
    Unauthorised,
    Unreachable,
    Untrusted,
)

# The PBX itself looks every 5 to 30 s; what is much older than that shows that it has stopped looking.
STALE_AFTER = timedelta(seconds=60)
# Clocks that differ by less are the same clock, as far as anybody can tell over a network.
SAME_CLOCK = timedelta(seconds=5)


class Trouble(StrEnum):
    """What can be wrong with a whole station."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
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
    """`since` is when the PBX says this state began, `measured_at` when it looked; both on our clock."""

    id: str
    name: str
    host: str
    type: str
    state: str
    health: Health
    cause: Cause
    since: datetime | None
    measured_at: datetime


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


def seen(answer: Answer[dict[str, TrunkStatus]], now: datetime) -> Sight:
    """The PBX's times are moved onto our clock by the time its answer carried."""
    pbx_now = answer.pbx_time or now
    skew = now - pbx_now
    if abs(skew) < SAME_CLOCK:
        skew = timedelta(0)
    measured = [trunk.last_update for trunk in answer.value.values() if trunk.last_update]
    stale = bool(answer.warnings) or any(pbx_now - moment > STALE_AFTER for moment in measured)
    healths = [(trunk, read_health(trunk.state, trunk.contact_status)) for trunk in answer.value.values()]
    why = causes.in_context(healths)
    trunks = {trunk.id: _trunk(trunk, health, why[trunk.id], now, skew) for trunk, health in healths}
    return Sight(now, trunks=trunks, stale=stale, skew=skew)


def not_seen(error: PbxError, now: datetime) -> Sight:
    retry_after = error.retry_after if isinstance(error, Busy) else None
    row = error.permission_row if isinstance(error, Forbidden) else ""
    return Sight(now, trouble=_trouble(error), row=row, retry_after=retry_after)


def looks_like_a_dead_engine(answer: Answer[dict[str, TrunkStatus]]) -> bool:
    """Measured: with Asterisk stopped the API answers 200, every enabled trunk is UNKNOWN or UNREGISTERED, and none has
    a contact. Trunks that nobody ever called may look the same: the list of peers decides."""
    enabled = [t for t in answer.value.values() if read_health(t.state, t.contact_status) is not Health.OFF]
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
    (Untrusted, Trouble.UNTRUSTED),
)


def _trouble(error: PbxError) -> Trouble:
    return next((trouble for kind, trouble in TROUBLES if isinstance(error, kind)), Trouble.NOT_JSON)

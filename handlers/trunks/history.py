"""Availability of a trunk today, from the PBX's own history. Pure.

The PBX's own figures cannot be used: they count lower-case states only, so that a trunk whose provider registers with
the PBX always has 0 %, and they start from zero with every restart.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.detection.trunk_health import Health, health_of_word
from bot.pbx import TrunkEvent

GOOD = (Health.UP, Health.PARTIAL, Health.DEGRADED)
# Seconds; no figure for a trunk that registers for the first time.
MIN_KNOWN = 60.0
UNKNOWN_STATES = frozenset({"unknown", ""})
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def availability(
    events: Sequence[TrunkEvent], current: str, start: datetime, now: datetime, since: datetime | None = None
) -> float | None:
    """Share of the time from `start` to `now`, 0 to 1, in which the state was good; None when it is unknown.

    `events` newest first. Before the oldest of them the trunk had that event's previous state, if that was good: a bad
    one may be the first state of a new trunk, which the history does not distinguish. `since` is the beginning of the
    current state, used without any events.
    """
    dated = [(event.at, event) for event in events if event.at is not None]
    known_from = _known_from(dated, current, since)
    if known_from is None:
        return None
    start = max(start, known_from)
    good = known = 0.0
    until, state = now, current
    for at, event in dated:
        began = max(at, start)
        if began < until:
            known, good = _counted(known, good, state, (until - began).total_seconds())
            until = began
        state = event.previous
    if until > start:
        known, good = _counted(known, good, state, (until - start).total_seconds())
    return good / known if known >= MIN_KNOWN else None


def _known_from(dated: Sequence[tuple[datetime, TrunkEvent]], current: str, since: datetime | None) -> datetime | None:
    """Time from which the state is known: as far as the history reaches, or from the first state not unknown."""
    if _counts_before(dated[-1][1].previous if dated else current):
        return LONG_AGO
    if not dated:
        return since
    return next((at for at, event in reversed(dated) if event.state.strip().lower() not in UNKNOWN_STATES), None)


def _counts_before(state: str) -> bool:
    health = health_of_word(state)
    return health in GOOD or health is Health.OFF


def _counted(known: float, good: float, state: str, seconds: float) -> tuple[float, float]:
    """Add an interval to both sums; one in which the trunk was switched off counts in neither."""
    health = health_of_word(state)
    if health is Health.OFF:
        return known, good
    return known + seconds, good + (seconds if health in GOOD else 0.0)

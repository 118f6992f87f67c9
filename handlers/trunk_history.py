"""How good a trunk was today, from the PBX's own history. Pure.

The PBX's own figures cannot be used: they know lower-case states only, so that a trunk whose provider registers with
the PBX always has 0 %, and they start anew with every restart.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.health import Health, health_of_word
from bot.pbx import TrunkEvent

GOOD = (Health.UP, Health.PARTIAL, Health.DEGRADED)


def availability(events: Sequence[TrunkEvent], current: str, start: datetime, now: datetime) -> float | None:
    """Share of the time from `start` to `now`, 0 to 1, in which the state was good; None when nothing is known of it.

    `events` newest first; before the oldest of them the state is the one it began from, and unknown if it names none.
    """
    good = known = 0.0
    until, state = now, current
    for event in events:
        if event.at is None:
            continue
        since = max(event.at, start)
        if since < until:
            known, good = _counted(known, good, state, (until - since).total_seconds())
            until = since
        state = event.previous
        if until <= start:
            break
    if until > start and state:
        known, good = _counted(known, good, state, (until - start).total_seconds())
    return good / known if known else None


def _counted(known: float, good: float, state: str, seconds: float) -> tuple[float, float]:
    """A trunk that was switched off was neither good nor bad."""
    health = health_of_word(state)
    if health is Health.OFF:
        return known, good
    return known + seconds, good + (seconds if health in GOOD else 0.0)

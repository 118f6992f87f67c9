"""Outages in a monitoring gap, from the PBX's own history of a trunk. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.detection.trunk_health import Health, health_of_word
from bot.pbx import TrunkEvent
from bot.pbx.resources.trunk_models import is_iax

MAX_REPORTED = 20


@dataclass(frozen=True, slots=True)
class MissedOutage:
    """Outage in a gap. `down_from` is None if it began before the gap, `down_until` if it outlasts it."""

    trunk: str
    name: str
    down_from: datetime | None
    down_until: datetime | None

    @property
    def is_complete(self) -> bool:
        """True if it lies within the gap: monitoring has not seen any part of it."""
        return self.down_from is not None and self.down_until is not None


def outages_within(
    events: Sequence[TrunkEvent],
    begin: datetime,
    end: datetime,
    *,
    trunk: str,
    name: str,
    skew: timedelta = timedelta(0),
) -> tuple[MissedOutage, ...]:
    """Return the outages between `begin` and `end`, oldest first.

    `events` in the PBX's order, newest first; add `skew` to the PBX's time for the bot's.

    A good state or disabling ends an outage; an unknown state changes neither. A partial outage is none, but a full one
    that follows begins with it; partially up again is registered again.
    """
    if begin >= end:
        return ()
    dated = [(event.at + skew, event) for event in reversed(events) if event.at is not None]
    dated.sort(key=lambda moment: moment[0])
    inside = [(at, event) for at, event in dated if begin <= at < end]
    before = [event for at, event in dated if at < begin]
    is_down = _before(before, inside[0][1].previous if inside else "", iax=is_iax(trunk))
    since: datetime | None = None
    partial_since: datetime | None = None
    found: list[MissedOutage] = []
    for at, event in inside:
        health = health_of_word(event.state, iax=is_iax(trunk))
        if health is Health.DOWN and not is_down:
            is_down, since = True, partial_since or at
        elif health is Health.PARTIAL and not is_down:
            partial_since = partial_since or at
            continue
        elif is_down and health in (Health.UP, Health.PARTIAL, Health.DEGRADED, Health.OFF):
            found.append(MissedOutage(trunk, name, since, at))
            is_down, since = False, None
        partial_since = None
    if is_down:
        found.append(MissedOutage(trunk, name, since, None))
    return tuple(found)


def note_facts(station: str, begin: datetime, end: datetime, outages: Iterable[MissedOutage] | None) -> dict[str, Any]:
    """Return the facts of the gap's notification: plain JSON, oldest outage first.

    `outages` None: history is unavailable.
    """
    in_order = sorted(outages or (), key=lambda outage: (outage.down_from or begin, outage.name))

    def written(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "station": station,
        "blind_from": begin.isoformat(),
        "blind_until": end.isoformat(),
        "outages": [
            {"trunk": outage.name, "from": written(outage.down_from), "until": written(outage.down_until)}
            for outage in in_order[:MAX_REPORTED]
        ],
        "more": max(0, len(in_order) - MAX_REPORTED),
        "known": outages is not None,
    }


def _before(events: Sequence[TrunkEvent], previous: str, *, iax: bool) -> bool:
    """Return True if the trunk was down at the start: by the last event before it, else by the previous state in the
    first event within.
    """
    healths = [health_of_word(event.state, iax=iax) for event in reversed(events)]
    known = next((health for health in healths if health is not Health.UNKNOWN), None)
    return (known or health_of_word(previous, iax=iax)) is Health.DOWN

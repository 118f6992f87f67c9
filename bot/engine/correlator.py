"""Correlate failures of all stations and pass common causes to the fleet's incident manager."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import structlog
from pydantic import TypeAdapter

from bot.detection.correlation import ActiveCauses, CauseKind, CommonCause, correlate
from bot.detection.station_summary import StationSummary
from bot.engine.checks.base import StateSink
from bot.incidents.model import INTERNET, PROVIDER, Changed, End, Kind, Opened, Resolved, StateChange, Transition
from bot.runtime.clock import Clock
from bot.runtime.logs import OnChange
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import Signal, sleep_or_stop
from bot.store.database import DatabaseError
from bot.store.database_errors import database_message

log = structlog.get_logger(__name__)

# Below every hold-off, so that the common cause is known before the first station's notification. Seconds.
EVERY = 2.0
MAX_NAMED = 5
KINDS = {CauseKind.OWN_INTERNET: Kind.OWN_INTERNET, CauseKind.PROVIDER: Kind.PROVIDER_DOWN}
ADAPTER = TypeAdapter(CommonCause)


class StationSummaries(Protocol):
    def views(self) -> Sequence[StationSummary]:
        """State of every station that is watched now."""


class Correlator:
    """Correlation of the fleet.

    `sink` is the fleet's incident manager; `released` is called with stations whose incidents are no longer inhibited.

    """

    def __init__(
        self,
        sink: StateSink,
        stations: StationSummaries,
        clock: Clock,
        active: ActiveCauses,
        released: Signal | None = None,
        pausable: PausableGroup | None = None,
    ) -> None:
        self._sink = sink
        self._stations = stations
        self._clock = clock
        self._active = active
        self._released = released or Signal()
        self._pausable = pausable or PausableGroup()
        self._last_error = OnChange()

    async def load_causes(self) -> None:
        """Load stored causes. Call it before any station's ticker runs, or inhibited incidents are notified."""
        states = await self._sink.load_states()
        ours = (subject for subject in sorted(states) if subject == INTERNET or subject.startswith(PROVIDER))
        self._active.now = tuple(ADAPTER.validate_python(states[subject]) for subject in ours)

    async def run(self, stop: asyncio.Event) -> None:
        """Correlate every EVERY seconds until `stop`. Errors are logged; the next tick retries."""
        while not stop.is_set():
            try:
                async with self._pausable.running():
                    await self.run_once()
                self._last_error.is_new(None)
            except DatabaseError as error:
                if self._last_error.is_new(type(error).__name__):
                    log.error("database error, correlation tick skipped", reason=database_message(error))
            except Exception:
                log.exception("correlation tick failed")
            await sleep_or_stop(stop, EVERY)

    async def run_once(self) -> None:
        now = self._clock()
        before = {cause.subject: cause for cause in self._active.now}
        after = {
            cause.subject: cause for cause in _mark_due(correlate(self._active.now, self._stations.views(), now), now)
        }
        changed = {
            subject: ADAPTER.dump_python(after[subject], mode="json") if subject in after else None
            for subject in before | after
            if before.get(subject) != after.get(subject)
        }
        if not changed:
            return
        state_changes = [
            one for subject in sorted(changed) for one in _state_changes(before.get(subject), after.get(subject), now)
        ]
        await self._sink.record(changed, state_changes, now)
        # Only after commit: on a database error the next tick retries the same change.
        self._active.now = tuple(after.values())
        if over := frozenset(station for subject in before.keys() - after for station in before[subject].stations):
            self._released.send(over)


def _mark_due(causes: Iterable[CommonCause], now: datetime) -> list[CommonCause]:
    """Mark the causes that are due for notification."""
    return [replace(cause, told=cause.told or cause.due <= now) for cause in causes]


def _state_changes(before: CommonCause | None, after: CommonCause | None, now: datetime) -> list[StateChange]:
    cause = after or before
    if cause is None or (transition := _transition(before, after, now)) is None:
        return []
    return [StateChange(cause.subject, transition, facts_of(cause))]


def _transition(before: CommonCause | None, after: CommonCause | None, now: datetime) -> Transition | None:
    was_notified = before is not None and before.told
    if after is None:
        return Resolved(End.RECOVERED, before.well_since or now) if before is not None and was_notified else None
    if not was_notified:
        return Opened(KINDS[after.what], after.since) if after.told else None
    return Changed() if before is not None and facts_of(before) != facts_of(after) else None


def facts_of(cause: CommonCause) -> dict[str, Any]:
    """Return the facts that templates show: plain JSON."""
    return {
        "station": "",
        "host": cause.host,
        "hit": len(cause.stations),
        "of": cause.of,
        "trunks": cause.trunks,
        "stations": sorted(cause.stations)[:MAX_NAMED],
    }

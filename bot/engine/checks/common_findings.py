"""Gather findings that many PBXs show together into one incident of the fleet."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from pydantic import TypeAdapter

from bot.engine.checks.base import StateSink
from bot.incidents.common_findings import CommonFinding, CommonFindings, Found, gather
from bot.incidents.model import PBX_HEALTH, Changed, End, Kind, Opened, Resolved, StateChange, Transition
from bot.runtime.clock import Clock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import sleep_or_stop

log = structlog.get_logger(__name__)

EVERY = 5.0
MAX_NAMED = 5
ADAPTER = TypeAdapter(CommonFinding)


class FindingGatherer:
    """Gatherer of the fleet. `sink` is the fleet's incident manager, `found` returns the findings of every PBX."""

    def __init__(
        self,
        sink: StateSink,
        found: Callable[[], Found],
        clock: Clock,
        active: CommonFindings,
        pausable: PausableGroup | None = None,
    ) -> None:
        self._sink = sink
        self._found = found
        self._clock = clock
        self._active = active
        self._pausable = pausable or PausableGroup()

    async def load(self) -> None:
        """Load what is stored. Call it before any PBX is looked at, or its findings are told again."""
        states = await self._sink.load_states()
        ours = (subject for subject in sorted(states) if subject.startswith(PBX_HEALTH))
        self._active.now = tuple(ADAPTER.validate_python(states[subject]) for subject in ours)

    async def run(self, stop: asyncio.Event) -> None:
        """Gather every EVERY seconds until `stop`. Errors are logged; the next turn retries."""
        while not stop.is_set():
            try:
                async with self._pausable.running():
                    await self.run_once()
            except Exception:
                log.exception("gathering of findings failed")
            await sleep_or_stop(stop, EVERY)

    async def run_once(self) -> None:
        now = self._clock()
        before = {one.subject: one for one in self._active.now}
        after = {one.subject: one for one in gather(before.values(), self._found())}
        changed = {
            subject: _stored(after.get(subject))
            for subject in before | after
            if before.get(subject) != after.get(subject)
        }
        if not changed:
            return
        changes = [one for subject in sorted(changed) if (one := _change(before.get(subject), after.get(subject), now))]
        await self._sink.record(changed, changes, now)
        # Only after commit: on a database error the next turn retries the same change.
        self._active.now = tuple(after.values())


def _stored(one: CommonFinding | None) -> dict[str, Any] | None:
    return ADAPTER.dump_python(one, mode="json") if one is not None else None


def _change(before: CommonFinding | None, after: CommonFinding | None, now: datetime) -> StateChange | None:
    one = after or before
    if one is None:
        return None
    transition: Transition
    if after is None:
        transition = Resolved(End.RECOVERED, now)
    elif before is None:
        transition = Opened(Kind.PBX_COMMON, after.since)
    elif facts_of(before) != facts_of(after):
        transition = Changed()
    else:
        return None
    return StateChange(one.subject, transition, facts_of(one))


def facts_of(one: CommonFinding) -> dict[str, Any]:
    """Return the facts that templates show: those of one PBX, without its web page, and how many have it."""
    hidden = {"url": None, "station": ""}
    return {**one.facts, **hidden, "hit": len(one.stations), "of": one.of, "stations": sorted(one.stations)[:MAX_NAMED]}

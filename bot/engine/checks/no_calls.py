"""Check for an unusually long time without incoming calls in working hours, while every trunk may look healthy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.detection import condition
from bot.detection.condition import ConditionState
from bot.engine.checks.base import CheckContext, PeriodicCheck
from bot.incidents.model import NO_CALLS, End, Kind, Resolved, StateChange
from bot.pbx import PbxError, Priority
from bot.pbx.resources.record_models import Direction, direction

log = structlog.get_logger(__name__)

NO_HOLD_OFF = timedelta(0)


def evaluate_silence(
    state: ConditionState, calls: Sequence[datetime], opened_at: datetime, now: datetime, after: timedelta
) -> tuple[bool | None, datetime | None]:
    """Return (too quiet, since); (None, None) is no change.

    `calls` are the starts of calls since the silence or the opening began. Each opening starts a new interval. An open
    incident ends with a call, not with a new day.
    """
    if state.alarm and state.bad_since is not None:
        came = [call for call in calls if call > state.bad_since]
        return (False, min(came)) if came else (None, None)
    silent_since = max([opened_at, *calls])
    return (True, silent_since) if now - silent_since >= after else (False, None)


class NoCallsCheck(PeriodicCheck):
    """Call check of one station; `after` zero disables it. While `has_fault` call records are inconclusive."""

    NAME = "incoming calls"
    EVERY = 300.0
    SUBJECT = NO_CALLS

    def __init__(self, context: CheckContext) -> None:
        self._station = context.station
        self._pbx = context.pbx
        self._sink = context.sink
        self._after = context.no_calls.after
        self._hours = context.no_calls.hours
        self._zone = context.zone
        self._watch = context.watch
        self._clock = context.clock
        self._state: ConditionState | None = None
        self._last: datetime | None = None

    @property
    def is_enabled(self) -> bool:
        return bool(self._after)

    def drop_state(self) -> None:
        self._state = self._last = None

    async def run_once(self) -> None:
        await (self._poll() if self.is_enabled else self._call_off())

    async def _poll(self) -> None:
        now = self._clock()
        opening = self._hours.opened_at(now.astimezone(self._zone()).replace(tzinfo=None))
        if opening is None or self._watch.has_fault:
            return
        opened_at = self._aware(opening)
        before = await self._load_state()
        since = before.bad_since or max(self._last or opened_at, opened_at)
        try:
            calls = await self._completed_calls(since, now)
            if now - max([since, *calls]) >= self._after:
                calls += await self._active_calls()
        except PbxError as error:
            log.warning("PBX error, call check skipped", station=self._station, reason=str(error))
            return
        self._last = max([*calls, *([self._last] if self._last else [])], default=None)
        known = [*calls, self._last] if self._last else calls
        bad, changed_at = evaluate_silence(before, known, opened_at, now, self._after)
        state, transition = condition.evaluate(
            before, bad, now, NO_HOLD_OFF, Kind.NO_CALLS, confirmations=1, since=changed_at
        )
        if state != before or transition:
            state_changes = [StateChange(NO_CALLS, transition, self._facts())] if transition else []
            await self._sink.record({NO_CALLS: condition.written(state)}, state_changes, now)
        self._state = state

    async def _call_off(self) -> None:
        """Close the open incident at once when the check is disabled."""
        state, now = await self._load_state(), self._clock()
        if state != condition.NOTHING:
            state_changes = [StateChange(NO_CALLS, Resolved(End.CALLED_OFF, now), self._facts())] if state.alarm else []
            await self._sink.record({NO_CALLS: None}, state_changes, now)
        self._state = condition.NOTHING

    async def _completed_calls(self, since: datetime, now: datetime) -> list[datetime]:
        """Return the starts of completed incoming calls."""
        start, end = (moment.astimezone(self._zone()).replace(tzinfo=None) for moment in (since, now))
        records = self._pbx.records.between(start, end, priority=Priority.BULK)
        return [self._aware(r.start) async for r in records if r.start and direction(r) is Direction.INCOMING]

    async def _active_calls(self) -> list[datetime]:
        """Return the starts of active incoming calls, which are in no record yet."""
        legs = (await self._pbx.calls.active()).value
        return [self._aware(leg.start) for leg in legs if leg.start and leg.did]

    async def _load_state(self) -> ConditionState:
        if self._state is None:
            self._state = condition.read((await self._sink.load_states()).get(NO_CALLS))
        return self._state

    def _aware(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self._zone()).astimezone(UTC)

    def _facts(self) -> dict[str, Any]:
        return {
            "station": self._station,
            "minutes": int(self._after.total_seconds() // 60),
            "hours": str(self._hours),
            "last_call": self._last.isoformat() if self._last else None,
        }

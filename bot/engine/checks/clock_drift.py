"""Check the PBX's clock against the bot's. Drift spoils call records, working hours and certificates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.detection import condition
from bot.detection.condition import ConditionState
from bot.engine.checks.base import StateSink
from bot.incidents.model import CLOCK, Changed, Kind, Opened, StateChange, Transition

MAX_DRIFT = 60.0
# Hysteresis: an open incident resolves below this. Seconds.
RESOLVES_BELOW = 30.0
HOLD_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ClockDriftState:
    """State of the check. `told` is the drift at the last notification: seconds, positive when the PBX is ahead."""

    condition: ConditionState = condition.NOTHING
    told: float = 0.0


NOTHING = ClockDriftState()
ADAPTER = TypeAdapter(ClockDriftState)


def step(memory: ClockDriftState, off_by: float, now: datetime) -> tuple[ClockDriftState, Transition | None]:
    """Evaluate the drift in seconds. While the incident is open, only a doubled drift is a change."""
    bad = abs(off_by) > (RESOLVES_BELOW if memory.condition.alarm else MAX_DRIFT)
    evaluated, transition = condition.evaluate(memory.condition, bad, now, HOLD_OFF, Kind.CLOCK_OFF)
    if isinstance(transition, Opened):
        return ClockDriftState(evaluated, off_by), transition
    if transition is None and evaluated.alarm and bad and abs(off_by) >= 2 * abs(memory.told):
        return ClockDriftState(evaluated, off_by), Changed()
    return (replace(memory, condition=evaluated) if evaluated.alarm else ClockDriftState(evaluated)), transition


class ClockDriftCheck:
    """Clock check of one station: observes PBX time during a poll, evaluates after it."""

    def __init__(self, station: str, sink: StateSink) -> None:
        self._station = station
        self._sink = sink
        self._state: ClockDriftState | None = None
        # Last observed drift and its time; None once evaluated.
        self._latest_drift: tuple[float, datetime] | None = None

    def load_state(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load the state from states by subject that are already read."""
        state = states.get(CLOCK)
        self._state = ADAPTER.validate_python(state) if state else NOTHING

    def observe(self, pbx_time: datetime | None, now: datetime) -> None:
        """Store the drift of `pbx_time`, the time in an answer of the PBX received at `now`."""
        if pbx_time is not None:
            self._latest_drift = ((pbx_time - now).total_seconds(), now)

    async def evaluate(self) -> None:
        if self._latest_drift is None:
            return
        off_by, now = self._latest_drift
        if self._state is None:
            self.load_state(await self._sink.load_states())
        before = self._state or NOTHING
        memory, transition = step(before, off_by, now)
        facts = {"station": self._station, "off_by": round(memory.told or before.told)}
        state_changes = [StateChange(CLOCK, transition, facts)] if transition else []
        if memory != before or state_changes:
            await self._sink.record({CLOCK: _written(memory)}, state_changes, now)
        self._state = memory
        self._latest_drift = None


def _written(memory: ClockDriftState) -> dict[str, Any] | None:
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state if memory != NOTHING else None

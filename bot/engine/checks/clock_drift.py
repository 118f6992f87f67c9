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

FAR_OFF = 60.0
# Hysteresis: an open incident resolves below this. Seconds.
RIGHT_AGAIN = 30.0
HOLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ClockDriftState:
    """State of the check. `told` is the drift at the last notification: seconds, positive when the PBX is ahead."""

    condition: ConditionState = condition.NOTHING
    told: float = 0.0


NOTHING = ClockDriftState()
ADAPTER = TypeAdapter(ClockDriftState)


def step(memory: ClockDriftState, off_by: float, now: datetime) -> tuple[ClockDriftState, Transition | None]:
    """Evaluate the drift in seconds. While the incident is open, only a doubled drift is a change."""
    bad = abs(off_by) > (RIGHT_AGAIN if memory.condition.alarm else FAR_OFF)
    judged, told = condition.evaluate(memory.condition, bad, now, HOLD, Kind.CLOCK_OFF)
    if isinstance(told, Opened):
        return ClockDriftState(judged, off_by), told
    if told is None and judged.alarm and bad and abs(off_by) >= 2 * abs(memory.told):
        return ClockDriftState(judged, off_by), Changed()
    return (replace(memory, condition=judged) if judged.alarm else ClockDriftState(judged)), told


class ClockDriftCheck:
    """Clock check of one station: observes PBX time during a poll, evaluates after it."""

    def __init__(self, station: str, book: StateSink) -> None:
        self._station = station
        self._book = book
        self._memory: ClockDriftState | None = None
        # Last observed drift and its time; None once evaluated.
        self._latest: tuple[float, datetime] | None = None

    def recall(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load the state from states by subject that are already read."""
        state = states.get(CLOCK)
        self._memory = ADAPTER.validate_python(state) if state else NOTHING

    def observe(self, pbx_time: datetime | None, now: datetime) -> None:
        """Store the drift of `pbx_time`, the time in an answer of the PBX received at `now`."""
        if pbx_time is not None:
            self._latest = ((pbx_time - now).total_seconds(), now)

    async def judge(self) -> None:
        if self._latest is None:
            return
        off_by, now = self._latest
        if self._memory is None:
            self.recall(await self._book.load_states())
        before = self._memory or NOTHING
        memory, told = step(before, off_by, now)
        facts = {"station": self._station, "off_by": round(memory.told or before.told)}
        happened = [StateChange(CLOCK, told, facts)] if told else []
        if memory != before or happened:
            await self._book.record({CLOCK: _written(memory)}, happened, now)
        self._memory = memory
        self._latest = None


def _written(memory: ClockDriftState) -> dict[str, Any] | None:
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state if memory != NOTHING else None

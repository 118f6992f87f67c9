"""Check for another instance that polls with the same token: the two take each other's updates."""

from datetime import datetime, timedelta

from bot.detection import condition
from bot.detection.condition import ConditionState
from bot.engine.checks.base import PushedCheck, StateSink
from bot.incidents.model import SECOND_COPY, Kind, StateChange
from bot.runtime.clock import Clock

# One or two conflicts happen at a restart while the old process ends.
HOLD_OFF = timedelta(seconds=30)
QUIET = timedelta(seconds=60)


class DuplicateInstanceCheck(PushedCheck):
    """Check fed by polling.

    A successful poll counts only after QUIET without a conflict: some succeed between two conflicts.
    """

    def __init__(self, station: str, sink: StateSink, clock: Clock) -> None:
        super().__init__()
        self._station = station
        self._sink = sink
        self._clock = clock
        self._state: ConditionState | None = None
        # Time of the last conflict, or of the start.
        self._quiet_since = clock()
        # Last observation: conflict or not, since when, and its time.
        self._latest: tuple[bool, datetime, datetime] | None = None

    def conflict(self) -> None:
        """Record a 409 Conflict of getUpdates."""
        self._quiet_since = self._clock()
        self._observe(True, self._quiet_since)

    def polled(self) -> None:
        """Record a successful getUpdates, also an empty long poll."""
        now = self._clock()
        if now - self._quiet_since >= QUIET:
            self._observe(False, now)

    def drop_state(self) -> None:
        """Drop the cached state: the database may have changed."""
        self._state = self._latest = None
        self._quiet_since = self._clock()

    def _observe(self, bad: bool, now: datetime) -> None:
        self._latest = (bad, self._quiet_since, now)
        self._observed.set()

    async def evaluate(self) -> None:
        if (latest := self._latest) is None:
            return
        bad, since, now = latest
        before = self._state if self._state is not None else await self._load_state()
        state, transition = condition.evaluate(
            before, bad, now, HOLD_OFF, Kind.SECOND_COPY, confirmations=1, since=since
        )
        state_changes = [StateChange(SECOND_COPY, transition, {"station": self._station})] if transition else []
        if state != before or state_changes:
            await self._sink.record({SECOND_COPY: condition.written(state)}, state_changes, now)
        self._state = state

    async def _load_state(self) -> ConditionState:
        return condition.read((await self._sink.load_states()).get(SECOND_COPY))

"""Check for another instance that polls with the same token: the two take each other's updates."""

from datetime import datetime, timedelta

from bot.detection import condition
from bot.detection.condition import ConditionState
from bot.engine.checks.base import PushedCheck, StateSink
from bot.incidents.model import SECOND_COPY, Kind, StateChange
from bot.runtime.clock import Clock

# One or two conflicts happen at a restart while the old process ends.
HOLD = timedelta(seconds=30)
QUIET = timedelta(seconds=60)


class DuplicateInstanceCheck(PushedCheck):
    """Check fed by polling.

    A successful poll counts only after QUIET without a conflict: some succeed between two conflicts.
    """

    def __init__(self, station: str, book: StateSink, clock: Clock) -> None:
        super().__init__()
        self._station = station
        self._book = book
        self._clock = clock
        self._memory: ConditionState | None = None
        # Time of the last conflict, or of the start.
        self._quiet_since = clock()
        # Last observation: conflict or not, since when, and its time.
        self._latest: tuple[bool, datetime, datetime] | None = None

    def conflict(self) -> None:
        """Record a 409 Conflict of getUpdates."""
        self._quiet_since = self._clock()
        self._note(True, self._quiet_since)

    def polled(self) -> None:
        """Record a successful getUpdates, also an empty long poll."""
        now = self._clock()
        if now - self._quiet_since >= QUIET:
            self._note(False, now)

    def forget(self) -> None:
        """Drop the cached state: the database may have changed."""
        self._memory = self._latest = None
        self._quiet_since = self._clock()

    def _note(self, bad: bool, now: datetime) -> None:
        self._latest = (bad, self._quiet_since, now)
        self._news.set()

    async def judge(self) -> None:
        if (latest := self._latest) is None:
            return
        bad, since, now = latest
        before = self._memory if self._memory is not None else await self._remembered()
        memory, told = condition.evaluate(before, bad, now, HOLD, Kind.SECOND_COPY, looks=1, since=since)
        happened = [StateChange(SECOND_COPY, told, {"station": self._station})] if told else []
        if memory != before or happened:
            await self._book.record({SECOND_COPY: condition.written(memory)}, happened, now)
        self._memory = memory

    async def _remembered(self) -> ConditionState:
        return condition.read((await self._book.load_states()).get(SECOND_COPY))

"""Another copy of the bot that polls with the same token: the two take each other's updates away."""

from datetime import datetime, timedelta

from bot.detection import condition
from bot.detection.condition import ConditionMemory
from bot.engine.checks.pushed import ToldLookout
from bot.engine.checks.state_sink import Book
from bot.incidents.model import SECOND_COPY, Happened, Kind
from bot.runtime.clock import Clock

# A restart in which the old program is still ending makes one or two conflicts.
HOLD = timedelta(seconds=30)
QUIET = timedelta(seconds=60)


class SecondCopyLookout(ToldLookout):
    """A poll that succeeds proves something only after a time without conflicts: some succeed between two of them."""

    def __init__(self, station: str, book: Book, clock: Clock) -> None:
        super().__init__()
        self._station = station
        self._book = book
        self._clock = clock
        self._memory: ConditionMemory | None = None
        # Without a conflict since then.
        self._quiet_since = clock()
        # What polling showed last: whether it was bad, since when, and when.
        self._latest: tuple[bool, datetime, datetime] | None = None

    def conflict(self) -> None:
        """Telegram said that somebody else polls."""
        self._quiet_since = self._clock()
        self._note(True, self._quiet_since)

    def polled(self) -> None:
        """Telegram gave updates, or an empty list after a long wait."""
        now = self._clock()
        if now - self._quiet_since >= QUIET:
            self._note(False, now)

    def forget(self) -> None:
        """What is stored may have changed."""
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
        memory, told = condition.step(before, bad, now, HOLD, Kind.SECOND_COPY, looks=1, since=since)
        happened = [Happened(SECOND_COPY, told, {"station": self._station})] if told else []
        if memory != before or happened:
            await self._book.apply({SECOND_COPY: condition.written(memory)}, happened, now)
        self._memory = memory

    async def _remembered(self) -> ConditionMemory:
        return condition.read((await self._book.remembered()).get(SECOND_COPY))

"""Deduplication of denials in the audit: the first is a row, repeats are counted for an hour and written as one outcome
of that row. Otherwise anybody could fill the disk with requests that are denied."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.store.access import audit

COUNTED_FOR = timedelta(hours=1)
MOST_REMEMBERED = 1000


@dataclass(slots=True)
class _Denied:
    entry: int
    at: datetime
    more: int = 0
    written: int = 0


class Denials:
    """Kept in memory: what is killed loses a count of the last hour at most, and no row. What counts as the same
    denial is the `key`."""

    def __init__(self, clock: Clock, counted_for: timedelta = COUNTED_FOR) -> None:
        self._clock = clock
        self._counted_for = counted_for
        self._denied: dict[Hashable, _Denied] = {}

    def again(self, key: Hashable) -> int | None:
        """The row of the same denial within the hour before, which is one more from now on."""
        known = self._denied.get(key)
        if known is None or not self._counts(known):
            return None
        known.more += 1
        return known.entry

    def first(self, key: Hashable, entry: int) -> None:
        """Its row is committed."""
        if key not in self._denied and len(self._denied) < MOST_REMEMBERED:
            self._denied[key] = _Denied(entry, self._clock())

    async def write_over(self, session: AsyncSession) -> None:
        """What nobody adds to any more. They are in the order of their times."""
        oldest = next(iter(self._denied.values()), None)
        if oldest is None or self._counts(oldest):
            return
        await self.write(session)
        self._denied = {key: one for key, one in self._denied.items() if self._counts(one)}

    async def write(self, session: AsyncSession) -> None:
        """How many they were so far, where that is not written yet."""
        for one in self._denied.values():
            if one.more > one.written:
                outcome = f"and {one.more} more time{'s' if one.more > 1 else ''}"
                await audit.record_outcome(session, one.entry, outcome, audit.NOTHING_CHANGED, self._clock())
                one.written = one.more

    def _counts(self, one: _Denied) -> bool:
        return timedelta() <= self._clock() - one.at < self._counted_for

"""Deduplication of denials in the audit: the first is a row, repeats are counted for an hour and written as one outcome
of that row. Otherwise denied requests could fill the disk."""

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
    """Counts of denials in memory: a crash loses at most the counts of the last hour, and no row. Denials with an equal
    `key` are repeats."""

    def __init__(self, clock: Clock, counted_for: timedelta = COUNTED_FOR) -> None:
        self._clock = clock
        self._counted_for = counted_for
        self._denied: dict[Hashable, _Denied] = {}

    def again(self, key: Hashable) -> int | None:
        """Count a repeat and return the row of the first denial; None if there was none within the hour."""
        known = self._denied.get(key)
        if known is None or not self._counts(known):
            return None
        known.more += 1
        return known.entry

    def first(self, key: Hashable, entry: int) -> None:
        """Register the row of a first denial, after the commit of its session."""
        if key not in self._denied and len(self._denied) < MOST_REMEMBERED:
            self._denied[key] = _Denied(entry, self._clock())

    async def write_over(self, session: AsyncSession) -> None:
        """Write expired counts to the caller's session, and drop them. Entries are ordered by time."""
        oldest = next(iter(self._denied.values()), None)
        if oldest is None or self._counts(oldest):
            return
        await self.write(session)
        self._denied = {key: one for key, one in self._denied.items() if self._counts(one)}

    async def write(self, session: AsyncSession) -> None:
        """Write the counts that have changed to the caller's session."""
        for one in self._denied.values():
            if one.more > one.written:
                outcome = f"and {one.more} more time{'s' if one.more > 1 else ''}"
                await audit.record_outcome(session, one.entry, outcome, audit.NOTHING_CHANGED, self._clock())
                one.written = one.more

    def _counts(self, one: _Denied) -> bool:
        return timedelta() <= self._clock() - one.at < self._counted_for

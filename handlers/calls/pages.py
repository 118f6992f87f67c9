"""Aggregate a period's calls in one pass and keep one page of records. Pure.

Pages are keyed by an adjacent record, not by offset, which new calls would shift.
"""

from bisect import insort
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from bot.pbx import CallRecord
from handlers.calls.outcome import Outcome, came_after_hours, outcome, talk_seconds

PAGE = 10

# Sort key of a record: start, then id.
Place = tuple[datetime, str]
Placed = tuple[Place, CallRecord]


def place_of(record: CallRecord) -> Place:
    return record.start or datetime.min, record.linkedid  # noqa: DTZ901 (PBX local time, naive)


@dataclass(slots=True)
class Summary:
    """Totals, and a page of records: the newest before a position, or the oldest after one."""

    before: Place | None = None
    after: Place | None = None
    total: int = 0
    answered: int = 0
    missed: int = 0
    after_hours: int = 0
    not_reached: int = 0
    chat: int = 0
    _above: int = 0
    _newest: list[Placed] = field(default_factory=list)
    _beside: list[Placed] = field(default_factory=list)

    def add(self, record: CallRecord) -> None:
        self.total += 1
        result = outcome(record)
        if result is Outcome.ANSWERED:
            self.answered += 1
            self.chat += talk_seconds(record)
        elif result is Outcome.MISSED:
            self.missed += 1
            self.after_hours += came_after_hours(record)
        else:
            self.not_reached += 1
        self._keep((place_of(record), record))

    def _keep(self, placed: Placed) -> None:
        _insert(self._newest, placed, drop=0)
        if self.before is not None:
            if placed[0] < self.before:
                _insert(self._beside, placed, drop=0)
            else:
                self._above += 1
        elif self.after is not None and placed[0] > self.after:
            self._above += 1
            _insert(self._beside, placed, drop=-1)

    @property
    def page(self) -> list[CallRecord]:
        """Return the records of the page, newest first."""
        return [record for _, record in reversed(self._newest if self._is_first else self._beside)]

    @property
    def newer(self) -> int:
        """Return the number of calls newer than the page."""
        if self._is_first:
            return 0
        return self._above if self.before is not None else self._above - len(self._beside)

    @property
    def _is_first(self) -> bool:
        """Return True for the first page, also if fewer newer records remain than a page holds."""
        if self.after is not None:
            return self._above <= PAGE
        return self.before is None or not self._beside


def _insert(page: list[Placed], placed: Placed, drop: int) -> None:
    """Insert in order; a full page drops the record at index `drop`."""
    if len(page) < PAGE or (placed[0] > page[0][0] if drop == 0 else placed[0] < page[-1][0]):
        insort(page, placed, key=itemgetter(0))
        if len(page) > PAGE:
            page.pop(drop)


async def summarise(
    records: AsyncIterator[CallRecord], before: Place | None = None, after: Place | None = None
) -> Summary:
    summary = Summary(before, after)
    async for record in records:
        summary.add(record)
    return summary

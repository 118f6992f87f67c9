"""Aggregate a period's calls in one pass and keep one page of records. Pure.

Pages are keyed by an adjacent record, not by offset, which new calls would shift.
"""

from bisect import insort
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from bot.calls.outcome import Outcome, came_after_hours, outcome, talk_seconds
from bot.pbx import CallRecord

PAGE_SIZE = 10

# Sort key of a record: start, then id.
RecordKey = tuple[datetime, str]
KeyedRecord = tuple[RecordKey, CallRecord]


def key_of(record: CallRecord) -> RecordKey:
    return record.start or datetime.min, record.linkedid  # noqa: DTZ901 (PBX local time, naive)


@dataclass(slots=True)
class Summary:
    """Totals, and a page of records: the newest before a position, or the oldest after one."""

    before: RecordKey | None = None
    after: RecordKey | None = None
    total: int = 0
    answered: int = 0
    missed: int = 0
    after_hours: int = 0
    not_reached: int = 0
    talk: int = 0
    _above: int = 0
    _newest: list[KeyedRecord] = field(default_factory=list)
    _adjacent: list[KeyedRecord] = field(default_factory=list)

    def add(self, record: CallRecord) -> None:
        self.total += 1
        result = outcome(record)
        if result is Outcome.ANSWERED:
            self.answered += 1
            self.talk += talk_seconds(record)
        elif result is Outcome.MISSED:
            self.missed += 1
            self.after_hours += came_after_hours(record)
        else:
            self.not_reached += 1
        self._keep((key_of(record), record))

    def _keep(self, keyed: KeyedRecord) -> None:
        _insert(self._newest, keyed, drop=0)
        if self.before is not None:
            if keyed[0] < self.before:
                _insert(self._adjacent, keyed, drop=0)
            else:
                self._above += 1
        elif self.after is not None and keyed[0] > self.after:
            self._above += 1
            _insert(self._adjacent, keyed, drop=-1)

    @property
    def page(self) -> list[CallRecord]:
        """Return the records of the page, newest first."""
        return [record for _, record in reversed(self._newest if self._is_first else self._adjacent)]

    @property
    def newer(self) -> int:
        """Return the number of calls newer than the page."""
        if self._is_first:
            return 0
        return self._above if self.before is not None else self._above - len(self._adjacent)

    @property
    def _is_first(self) -> bool:
        """Return True for the first page, also if fewer newer records remain than a page holds."""
        if self.after is not None:
            return self._above <= PAGE_SIZE
        return self.before is None or not self._adjacent


def _insert(page: list[KeyedRecord], keyed: KeyedRecord, drop: int) -> None:
    """Insert in order; a full page drops the record at index `drop`."""
    if len(page) < PAGE_SIZE or (keyed[0] > page[0][0] if drop == 0 else keyed[0] < page[-1][0]):
        insort(page, keyed, key=itemgetter(0))
        if len(page) > PAGE_SIZE:
            page.pop(drop)


async def summarise(
    records: AsyncIterator[CallRecord], before: RecordKey | None = None, after: RecordKey | None = None
) -> Summary:
    summary = Summary(before, after)
    async for record in records:
        summary.add(record)
    return summary

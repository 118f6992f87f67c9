"""Deduplication of denials in the audit: the first is a row, repeats are counted for an hour and written as one outcome
of that row. Otherwise denied requests could fill the disk."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access import audit

COUNTED_FOR = timedelta(hours=1)
MAX_DENIALS = 1000
# Key of the session's own memory: rows whose counts it has written.
WRITTEN = "denials written"


@dataclass(slots=True)
class _Denial:
    entry: int
    at: datetime
    repeats: int = 0
    written: int = 0


class Denials:
    """Counts of denials in memory: a crash loses at most the counts of the last hour, and no row. Denials with an equal
    `key` are repeats."""

    def __init__(self, clock: Clock, counted_for: timedelta = COUNTED_FOR) -> None:
        self._clock = clock
        self._counted_for = counted_for
        self._denied: dict[Hashable, _Denial] = {}
        # Counts change by signals, which a transaction delivers after its commit: one that is rolled back has counted
        # and written nothing. Taken where the dictionary changes, in the event loop or in a thread of the database.
        self._lock = threading.Lock()

    def count_repeat(self, key: Hashable) -> int | None:
        """Count a repeat, after the commit of the caller's session, and return the row of the first denial; None if
        there was none within the hour."""
        denial = self._denied.get(key)
        if denial is None or not self._is_current(denial):
            return None
        Signal(partial(self._count, denial)).send()
        return denial.entry

    def register(self, key: Hashable, entry: int) -> None:
        """Register the row of a first denial, after the commit of its session."""
        with self._lock:
            if key not in self._denied and len(self._denied) < MAX_DENIALS:
                self._denied[key] = _Denial(entry, self._clock())

    def write_expired(self, session: Session) -> None:
        """Write expired counts to the caller's session, and drop them. Entries are ordered by time."""
        oldest = next(iter(self._denied.values()), None)
        if oldest is None or self._is_current(oldest):
            return
        self.write(session)
        Signal(self._drop).send()

    def write(self, session: Session) -> None:
        """Write the counts that have changed to the caller's session."""
        written: set[int] = session.info.setdefault(WRITTEN, set())
        for denial in list(self._denied.values()):
            repeats = denial.repeats
            if repeats > denial.written and denial.entry not in written:
                outcome = f"and {repeats} more time{'s' if repeats > 1 else ''}"
                audit.record_outcome(session, denial.entry, outcome, audit.NOTHING_CHANGED, self._clock())
                written.add(denial.entry)
                Signal(partial(self._mark, denial, repeats)).send()

    def _count(self, denial: _Denial) -> None:
        denial.repeats += 1

    def _mark(self, denial: _Denial, repeats: int) -> None:
        denial.written = repeats

    def _drop(self) -> None:
        with self._lock:
            self._denied = {
                key: denial
                for key, denial in self._denied.items()
                if self._is_current(denial) or denial.repeats > denial.written
            }

    def _is_current(self, denial: _Denial) -> bool:
        return timedelta() <= self._clock() - denial.at < self._counted_for

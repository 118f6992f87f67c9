"""Due times of polls: spread evenly over the interval; a station is not due while its poll is running. Pure."""

import heapq
import math
from dataclasses import dataclass, field
from itertools import count

# Multiples of the golden ratio modulo 1 stay apart for any count, and when any of them are removed.
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Due time of one station; `due` in seconds of a monotonic clock.

    An entry with an outdated `number` is ignored: the station was removed and added again, or expedited.
    """

    due: float
    number: int
    station: str = field(compare=False)


class Agenda:
    """Priority queue of due polls. A taken entry is queued again by `reschedule`."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._numbers: dict[str, int] = {}
        self._count = count()

    def add(self, station: str, interval: float, now: float) -> None:
        """Queue the first poll within one interval, the very first station's immediately."""
        number = next(self._count)
        self._push(Entry(now + interval * (number * GOLDEN % 1), number, station))

    def remove(self, station: str) -> None:
        self._numbers.pop(station, None)

    def expedite(self, station: str, now: float) -> None:
        """Make the next poll due now, unless it is taken."""
        if station in self._numbers:
            self._push(Entry(now, next(self._count), station))

    def pop_due(self, now: float) -> list[Entry]:
        """Return due entries, longest due first."""
        due = []
        while self._heap and self._heap[0].due <= now:
            entry = heapq.heappop(self._heap)
            if self._is_current(entry):
                due.append(entry)
        return due

    def reschedule(self, entry: Entry, pause: float, now: float) -> None:
        """Queue a taken entry again, `pause` seconds after it was last due.

        Missed times are skipped, so that polls that were late together do not stay together.
        """
        if not self._is_current(entry):
            return
        missed = max(0, math.ceil((now - entry.due) / pause) - 1)
        self._push(Entry(entry.due + pause * (1 + missed), entry.number, entry.station))

    @property
    def next_due(self) -> float | None:
        return self._heap[0].due if self._heap else None

    def _push(self, entry: Entry) -> None:
        self._numbers[entry.station] = entry.number
        heapq.heappush(self._heap, entry)

    def _is_current(self, entry: Entry) -> bool:
        return self._numbers.get(entry.station) == entry.number

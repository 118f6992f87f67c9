"""When each station is to be looked at next: spread evenly over time, and never while it is being looked at. Pure."""

import heapq
import math
from dataclasses import dataclass, field
from itertools import count

# Steps of this part of the interval never come close to each other, however many there are, and whichever go.
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Of one station; `due` in seconds of a clock that never goes back. `number` tells two of one name apart: of one
    that was taken away and came again, or was hastened, the older does not count."""

    due: float
    number: int
    station: str = field(compare=False)


class Agenda:
    """What is due stands here until it is taken, and again once it is known when it is due next."""

    def __init__(self) -> None:
        self._heap: list[Turn] = []
        self._numbers: dict[str, int] = {}
        self._count = count()

    def add(self, station: str, interval: float, now: float) -> None:
        """Its first turn comes within one interval, the first station's at once."""
        number = next(self._count)
        self._stand(Turn(now + interval * (number * GOLDEN % 1), number, station))

    def remove(self, station: str) -> None:
        self._numbers.pop(station, None)

    def hasten(self, station: str, now: float) -> None:
        """Its next turn is due now, instead of whenever it was. Not while it is taken."""
        if station in self._numbers:
            self._stand(Turn(now, next(self._count), station))

    def take(self, now: float) -> list[Turn]:
        """What is due, the longest due first."""
        due = []
        while self._heap and self._heap[0].due <= now:
            turn = heapq.heappop(self._heap)
            if self._stands(turn):
                due.append(turn)
        return due

    def back(self, turn: Turn, pause: float, now: float) -> None:
        """It was taken, and is due again `pause` seconds after it was last. What was missed is left out: who came late
        together would come together for ever."""
        if not self._stands(turn):
            return
        missed = max(0, math.ceil((now - turn.due) / pause) - 1)
        self._stand(Turn(turn.due + pause * (1 + missed), turn.number, turn.station))

    @property
    def next_due(self) -> float | None:
        return self._heap[0].due if self._heap else None

    def _stand(self, turn: Turn) -> None:
        self._numbers[turn.station] = turn.number
        heapq.heappush(self._heap, turn)

    def _stands(self, turn: Turn) -> bool:
        return self._numbers.get(turn.station) == turn.number

"""Whether the loops that must never hang still come round, whatever they find.

The look at a station is none of them: one that hangs is broken off and begun anew (`bot.engine.schedule`), and nobody
restarts the watch of all stations for the sake of one.
"""

import time
from collections.abc import Callable

# Longer than the longest pause of any of them, and than the longest wait for an answer.
HUNG_AFTER = 600.0


class Turns:
    """`clock` counts seconds and never goes back: a machine whose clock is set must not look like a hung program."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def of(self, loop: str) -> Callable[[], None]:
        """What the loop is to call each time it comes round; from now on it is expected to."""

        def turned() -> None:
            self._last[loop] = self._clock()

        turned()
        return turned

    def hung(self) -> list[str]:
        now = self._clock()
        return sorted(loop for loop, last in self._last.items() if now - last > HUNG_AFTER)

"""Watchdog for long-running loops.

Polls of a station are not registered: one that stalls is cancelled and restarted by `bot.engine.schedule`, and must not
cause a restart of the whole bot.
"""

import time
from collections.abc import Callable

# Longer than the longest pause of any loop, and than the longest request timeout.
HUNG_AFTER = 600.0


class Turns:
    """`clock`: monotonic seconds. A stepped system clock must not look like a stalled task."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def of(self, loop: str) -> Callable[[], None]:
        """Register a loop; return the function that it calls on each iteration."""

        def turned() -> None:
            self._last[loop] = self._clock()

        turned()
        return turned

    def hung(self) -> list[str]:
        now = self._clock()
        return sorted(loop for loop, last in self._last.items() if now - last > HUNG_AFTER)

"""Watchdog for the loops of long-running tasks.

Polls of a station are not registered: one that stalls is cancelled and restarted by `bot.engine.schedule`, and must not
cause a restart of the whole bot.
"""

import time

from bot.runtime.clock import Monotonic

# Longer than the longest pause of any loop, and than the longest request timeout.
STALLED_AFTER = 600.0


class Loop:
    """Loop of a task, which calls `mark_alive` on each iteration."""

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self.last_alive = clock()

    def mark_alive(self) -> None:
        self.last_alive = self._clock()


class LoopWatchdog:
    """`clock`: monotonic seconds. A stepped system clock must not look like a stalled task."""

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self._loops: dict[str, Loop] = {}

    def register(self, name: str) -> Loop:
        """Register a loop; return the function that it calls on each iteration."""
        loop = self._loops[name] = Loop(self._clock)
        return loop

    def stalled(self) -> list[str]:
        now = self._clock()
        return sorted(name for name, loop in self._loops.items() if now - loop.last_alive > STALLED_AFTER)

"""Watchdog over the loops that must never hang.

The poll of a station is none of them: one that hangs is cancelled and begun anew (`bot.engine.schedule`), and the whole
program is not restarted for the sake of one station.
"""

import time

from bot.runtime.clock import Monotonic

# Longer than the longest pause of any of them, and than the longest timeout.
HUNG_AFTER = 600.0


class Loop:
    """A loop that calls `turned` each time it comes round."""

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self.last = clock()

    def turned(self) -> None:
        self.last = self._clock()


class Turns:
    """`clock` is monotonic: a machine whose clock is set must not look like a hung program."""

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self._loops: dict[str, Loop] = {}

    def of(self, name: str) -> Loop:
        """Register a loop; from now on it has to come round."""
        loop = self._loops[name] = Loop(self._clock)
        return loop

    def hung(self) -> list[str]:
        now = self._clock()
        return sorted(name for name, loop in self._loops.items() if now - loop.last > HUNG_AFTER)

"""Clock of the stand-ins and the program: the machine's, shifted by the session and accelerated where a test waits for
polls and timers.
"""

import asyncio
import selectors
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """Clock that runs `speed` times as fast as the machine's from its creation on. Its fields describe it to other
    processes, which share the machine's monotonic clock.
    """

    speed: float = 1.0
    began: float = field(default_factory=time.time)
    began_monotonic: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return (time.clock_gettime(time.CLOCK_MONOTONIC) - self.began_monotonic) * self.speed

    def time(self) -> float:
        """Return Unix seconds."""
        return self.began + self.seconds()

    def monotonic(self) -> float:
        return self.began_monotonic + self.seconds()


class ClockLoop(asyncio.SelectorEventLoop):
    """Event loop whose timers follow `clock`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(_ScaledSelector(clock.speed))
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic()


class _ScaledSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found: list[tuple[selectors.SelectorKey, int]] = super().select(timeout and timeout / self._speed)
        return found

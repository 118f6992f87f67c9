"""Clock that follows the system clock, except when the latter is stepped.

Due times and durations are computed from stored times, so a stepped clock would turn seconds into hours, or the
reverse. A step is therefore not followed at once:

* Back by up to an hour: the clock runs slower until both agree.
* Forward by more than `MIN_STEP`, or back by more than an hour (e.g. NTP sync after boot): the clock continues
  unchanged and reports the offset in `off_by`. The caller shifts stored open times by it, then calls `follow`.

Suspended time counts as passed: seconds are CLOCK_BOOTTIME, which includes it; the system clock alone cannot
distinguish a step from a suspend. A paused virtual machine does not count: its gap looks like a step, and no outage
lasts for it.
"""

import threading
import time
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

# Lowest rate while the system clock is behind: every timeout takes at most twice its time.
MIN_RATE = 0.5
# Beyond this a clock was plainly wrong.
MAX_BACKWARD_STEP = timedelta(hours=1)
# Smaller corrections are followed.
MIN_STEP = timedelta(seconds=5)


# Without CLOCK_BOOTTIME a suspend looks like a step.
BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """Return seconds since boot, suspended time included."""
    return time.clock_gettime(BOOT)


class Clock(Protocol):
    """Tell the time, in UTC."""

    def __call__(self) -> datetime: ...


class Monotonic(Protocol):
    """Count seconds from any moment; never goes back."""

    def __call__(self) -> float: ...


class Sleep(Protocol):
    """Wait that many seconds of the same clock."""

    async def __call__(self, seconds: float, /) -> None: ...


class Zone(Protocol):
    """Give the time zone, which may become known only later."""

    def __call__(self) -> tzinfo: ...


class MonotonicClock:
    """Monotonic wall clock. `wall` returns the system time, `seconds` a monotonic counter. Goes back only in
    `follow`."""

    def __init__(self, wall: Clock, seconds: Monotonic | None = None) -> None:
        self._wall = wall
        self._seconds = seconds or since_boot
        self._latest = wall()
        self._at = self._seconds()
        # Transactions are carried out in a thread of their own.
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            wall, at = self._wall(), self._seconds()
            passed, self._at = at - self._at, at
            expected = self._latest + timedelta(seconds=passed)
            if _is_step(wall - expected):
                self._latest = expected
            else:
                self._latest = max(wall, self._latest + timedelta(seconds=MIN_RATE * passed))
            return self._latest

    @property
    def off_by(self) -> timedelta:
        """Return the step of the system clock not yet followed; zero if there is none."""
        off = self._wall() - self()
        return off if _is_step(off) else timedelta(0)

    @property
    def booted_at(self) -> datetime:
        """Return the boot time on this clock: times written since boot were taken from it."""
        return self() - timedelta(seconds=self._at)

    def follow(self, by: timedelta) -> None:
        self._latest += by

    def resume_from(self, moment: datetime) -> None:
        """Continue from a time stored by an earlier run: the system clock may have been set back since."""
        if moment - self._wall() <= MAX_BACKWARD_STEP:
            self._latest = max(self._latest, moment)


def _is_step(off: timedelta) -> bool:
    return off > MIN_STEP or off < -MAX_BACKWARD_STEP

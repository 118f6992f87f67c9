"""The program's clock: the machine's time, but for the moment in which that is set.

What is due, held, or counted by time is reckoned from stored times; a clock that is set makes hours of seconds, and the
other way round. So a clock that is set is not followed at once:

* Set back by up to an hour: it goes slower, until the two meet.
* Set forward by more than `JUMP`, or back by more than an hour, as when the time of the network arrives soon after the
  machine began with a wrong one: it goes on as if nothing was, and tells by how much it is off. Whoever runs the
  program moves what is open by as much, and then lets it `follow`.

Time in which the machine slept has really passed. Seconds are those since the machine began, which count it; of the
machine's clock alone nobody could tell the two apart. A virtual machine that is halted does not count: what it missed
looks like a clock that was set, and no outage lasts for it.
"""

import time
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

# Nothing takes more than twice its time while the machine's clock is behind.
SLOWEST = 0.5
# A clock that was further off was plainly wrong.
FAR_OFF = timedelta(hours=1)
# Corrected by less, a clock was right, as far as anybody would notice.
JUMP = timedelta(seconds=5)


# Where there is none, a machine that slept looks like one whose clock was set.
BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """Seconds, with those in which the machine slept."""
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


class SteadyClock:
    """`wall` tells the machine's time, `seconds` those that only ever pass. Never goes back, but when it follows."""

    def __init__(self, wall: Clock, seconds: Monotonic | None = None) -> None:
        self._wall = wall
        self._seconds = seconds or since_boot
        self._shown = wall()
        self._at = self._seconds()

    def __call__(self) -> datetime:
        wall, at = self._wall(), self._seconds()
        passed, self._at = at - self._at, at
        expected = self._shown + timedelta(seconds=passed)
        if _is_set(wall - expected):
            self._shown = expected
        else:
            self._shown = max(wall, self._shown + timedelta(seconds=SLOWEST * passed))
        return self._shown

    @property
    def off_by(self) -> timedelta:
        """What the machine's clock was set by and this one does not follow yet; zero when it does."""
        off = self._wall() - self()
        return off if _is_set(off) else timedelta(0)

    @property
    def began(self) -> datetime:
        """When the machine did, on this clock: since then all that was written down was so by it."""
        return self() - timedelta(seconds=self._at)

    def follow(self, by: timedelta) -> None:
        self._shown += by

    def has_shown(self, moment: datetime) -> None:
        """An earlier run has written this time down; perhaps the machine's clock was set back since."""
        if moment - self._wall() <= FAR_OFF:
            self._shown = max(self._shown, moment)


def _is_set(off: timedelta) -> bool:
    return off > JUMP or off < -FAR_OFF

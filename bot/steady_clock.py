"""The program's clock. When the machine's is set back it does not follow at once: what is due, held or counted by time
would wait until the clock has caught up. It goes slower instead, until the two meet."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

# Nothing takes more than twice its time while the machine's clock is behind.
SLOWEST = 0.5
# A clock that was further off was plainly wrong, and is followed.
FAR_OFF = timedelta(hours=1)


class SteadyClock:
    """`wall` tells the machine's time, `monotonic` seconds that only ever pass. Never goes back, but for a wall clock
    that was set back by more than an hour."""

    def __init__(self, wall: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._shown = wall()
        self._at = monotonic()

    def __call__(self) -> datetime:
        wall, at = self._wall(), self._monotonic()
        slowly = self._shown + timedelta(seconds=SLOWEST * (at - self._at))
        self._shown = wall if slowly - wall > FAR_OFF else max(wall, slowly)
        self._at = at
        return self._shown

    def has_shown(self, moment: datetime) -> None:
        """An earlier run has written this time down; perhaps the machine's clock was set back since."""
        if moment - self._wall() <= FAR_OFF:
            self._shown = max(self._shown, moment)

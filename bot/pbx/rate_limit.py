"""Rate limit of requests to one PBX.

Measured: the 201st request of an address within a minute is answered with 429, and the address is blocked for 300 s,
doubling up to an hour, including the administrator's browser behind the same address.
"""

import asyncio
import time
from collections import deque
from enum import IntEnum

from bot.pbx.errors import Busy
from bot.runtime.clock import Monotonic, Sleep

WINDOW = 60.0


class Priority(IntEnum):
    """Priority of a request. A part of the budget is reserved for higher ones."""

    WATCH = 0
    COMMAND = 1
    BULK = 2


KEPT_FREE = {Priority.WATCH: 0, Priority.COMMAND: 20, Priority.BULK: 50}


class RequestBudget:
    """At most `per_minute` requests in any 60 s. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        per_minute: int = 150,
        *,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._sent_at: deque[float] = deque()
        self._blocked_until = 0.0

    async def acquire(self, priority: Priority) -> None:
        """Wait, without a timeout, until a request of this priority may be sent. Raises Busy at once while the PBX
        blocks this address."""
        while (wait := self.wait(priority)) > 0:
            await self._sleep(wait)
        self._sent_at.append(self._clock())

    def wait(self, priority: Priority) -> float:
        """Return the seconds until a request of this priority may be sent."""
        now = self._clock()
        if now < self._blocked_until:
            raise Busy("the PBX blocks this address for too many requests", self._blocked_until - now)
        while self._sent_at and self._sent_at[0] <= now - WINDOW:
            self._sent_at.popleft()
        capacity = max(1, self._per_minute - KEPT_FREE[priority])
        if len(self._sent_at) < capacity:
            return 0.0
        return self._sent_at[len(self._sent_at) - capacity] + WINDOW - now

    def block(self, seconds: float) -> None:
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

"""The one clock of the incidents: looks again and again for what is due in the store. What it missed, it does late."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from bot.alerts.ledger import Ledger

log = structlog.get_logger(__name__)

EVERY = 1.0


class Ticker:
    """`last_tick` is when it last looked, whatever it found."""

    def __init__(self, ledgers: Sequence[Ledger], clock: Callable[[], datetime]) -> None:
        self._ledgers = ledgers
        self._clock = clock
        self._woken = asyncio.Event()
        # What was silenced, or no longer, just before the program ended.
        self._reconsider = True
        self.last_tick: datetime | None = None

    def wake(self) -> None:
        """Something has become due."""
        self._woken.set()

    def silences_changed(self) -> None:
        """What was held back may be due now, and what was told may be held back."""
        self._reconsider = True
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            busy = await self.tick()
            if not busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), EVERY)

    async def tick(self) -> bool:
        """One look at every station; True when there may be more to do at once."""
        busy, reconsider = False, self._reconsider
        self._reconsider = False
        for ledger in self._ledgers:
            try:
                if reconsider:
                    await ledger.reconsider(self._clock())
                busy = await ledger.tick(self._clock()) or busy
            except Exception:
                log.exception("what was due could not be done; it stays due")
                self._reconsider = self._reconsider or reconsider
        self.last_tick = self._clock()
        return busy

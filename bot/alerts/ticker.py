"""The one clock of the incidents: looks again and again for what is due in the store. What it missed, it does late."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.alerts.ledger import Ledger
from bot.alerts.rest import rest
from bot.logs import Changes
from bot.supervision import first_line

log = structlog.get_logger(__name__)

EVERY = 1.0
# A maintenance window begins by itself: nobody says so.
RECONSIDER_EVERY = timedelta(minutes=1)


class Ticker:
    """Of one station. Nothing is done while `is_sure` says that what is known of it may be no longer true. `last_tick`
    is when it last looked without failing; `turned` is told that it goes on, whatever came of it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], datetime],
        is_sure: Callable[[], bool] = lambda: True,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._is_sure = is_sure
        self._turned = turned
        self._trouble = Changes()
        self._woken = asyncio.Event()
        # What was silenced, or no longer, just before the program ended.
        self._reconsider = True
        self._reconsidered: datetime | None = None
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
            self._turned()
            self._woken.clear()
            busy = await self.tick()
            if not busy:
                await rest(self._woken, stop, EVERY)

    async def tick(self) -> bool:
        """One look at what is due; True when there may be more to do at once."""
        try:
            busy = self._is_sure() and await self._do_what_is_due()
        except SQLAlchemyError as error:
            if self._trouble.are(type(error).__name__):
                log.error("the store refuses; what is due stays due", reason=first_line(error))
            return False
        except Exception:
            log.exception("what was due could not be done; it stays due")
            return False
        self._trouble.are(None)
        self.last_tick = self._clock()
        metrics.LAST_TICK.set(self.last_tick.timestamp())
        return busy

    async def _do_what_is_due(self) -> bool:
        now = self._clock()
        lately = self._reconsidered is not None and now - self._reconsidered < RECONSIDER_EVERY
        reconsider, self._reconsider = self._reconsider or not lately, False
        try:
            if reconsider:
                await self._ledger.reconsider(now)
                self._reconsidered = now
        except Exception:
            self._reconsider = True
            raise
        return await self._ledger.tick(now)

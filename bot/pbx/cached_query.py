"""A question to the PBX that is asked at an interval, with its last answer kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from bot.pbx.errors import Forbidden, PbxError
from bot.pbx.responses import Answer

log = structlog.get_logger(__name__)

T = TypeVar("T")

# A failed query is retried sooner than the interval; one without the right, later.
AGAIN_AFTER = timedelta(minutes=1)
WITHOUT_RIGHT = timedelta(hours=1)
# Timeout of a query, so that it does not delay the states. Seconds.
ASKED_WITHIN = 15.0


@dataclass(slots=True)
class CachedQuery(Generic[T]):
    """Last value of a query, and when the next one is allowed. `is_failing`: the last one was not answered."""

    value: T | None = None
    again_at: datetime | None = None
    is_forbidden: bool = False
    is_failing: bool = False
    _pause: timedelta = timedelta(0)

    async def renew(
        self, question: Callable[[], Awaitable[Answer[T]]], every: timedelta, now: datetime, *, at_once: bool = False
    ) -> bool:
        """Query again if due, with a timeout of ASKED_WITHIN seconds; a failure keeps the old value until a retry, but
        a lost right does not. Return True for a new value."""
        # A clock that was set back makes it due.
        if self.again_at is not None and timedelta(0) < self.again_at - now <= self._pause and not at_once:
            return False
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                self.value = (await question()).value
        except (PbxError, TimeoutError) as error:
            log.info("PBX error, query retried later", reason=str(error) or "timed out")
            self.is_forbidden = isinstance(error, Forbidden)
            self.is_failing = not self.is_forbidden
            if self.is_forbidden:
                self.value = None
            self._wait(now, WITHOUT_RIGHT if self.is_forbidden else AGAIN_AFTER)
            return False
        self.is_forbidden = self.is_failing = False
        self._wait(now, every)
        return True

    def _wait(self, now: datetime, pause: timedelta) -> None:
        self.again_at, self._pause = now + pause, pause

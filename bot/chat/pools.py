"""Connections to Telegram that are made anew when all of them are stuck.

A pool whose connections are taken and never given back refuses everything for ever, though Telegram can be reached.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import structlog
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

log = structlog.get_logger(__name__)

# A burst that waits for slow uploads is none: they get through before long.
STUCK_AFTER = 60.0
STUCK_TRIES = 3
CLOSED_WITHIN = 5.0
# Nobody was there, so there is nothing that could be stuck.
AWAY = (httpx.ConnectError, httpx.ConnectTimeout)


class Pool(HTTPXRequest):
    """`clock` counts seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, **more: Any) -> None:
        super().__init__(**more)
        self._clock = clock
        # Since the last answer, whatever it said.
        self._failures = 0
        self._failing_since = 0.0

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        client = self._client
        try:
            answer = await super().do_request(*args, **more)
        except TelegramError as error:
            if client is self._client and self._is_stuck_after(error):
                await self._renew()
            raise
        self._failures = 0
        return answer

    def _is_stuck_after(self, error: TelegramError) -> bool:
        now = self._clock()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        timed_out = isinstance(error.__cause__, httpx.TimeoutException) and not isinstance(error.__cause__, AWAY)
        return timed_out and self._failures >= STUCK_TRIES and now - self._failing_since >= STUCK_AFTER

    async def _renew(self) -> None:
        """What is on its way over the old connections fails as what may have arrived."""
        log.warning("no connection to Telegram comes free; all are made anew", after=self._failures)
        old, self._client = self._client, self._build_client()
        self._failures = 0
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSED_WITHIN):
                await old.aclose()

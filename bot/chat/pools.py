"""The connections to Telegram, made anew when all of them are stuck.

A pool whose connections are taken and never given back refuses everything for ever, though Telegram can be reached.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import structlog
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.chat.polling import UpdatesBot
from bot.chat.token_doubt import TokenDoubt
from bot.settings import Settings

log = structlog.get_logger(__name__)

# A burst that waits for slow uploads is none: they get through before long.
STUCK_AFTER = 60.0
STUCK_TRIES = 3
CLOSED_WITHIN = 5.0
# Nobody was there, so there is nothing that could be stuck.
AWAY = (httpx.ConnectError, httpx.ConnectTimeout)


class Pool(HTTPXRequest):
    """`clock` counts seconds and never goes back. The pools of one bot share a `doubt`."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, doubt: TokenDoubt | None = None, **more: Any
    ) -> None:
        super().__init__(**more)
        self._clock = clock
        self._doubt = doubt or TokenDoubt()
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
        self._doubt.heard(*answer, self._clock())
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


def telegram_bot(settings: Settings) -> UpdatesBot:
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    doubt = TokenDoubt()
    return UpdatesBot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=Pool(doubt=doubt, connection_pool_size=32, proxy=proxy, read_timeout=15, pool_timeout=10),
        get_updates_request=Pool(doubt=doubt, connection_pool_size=1, proxy=proxy, read_timeout=15, pool_timeout=10),
    )


@contextlib.asynccontextmanager
async def opened(bot: UpdatesBot) -> AsyncIterator[None]:
    # Not `async with bot`: that asks Telegram who we are, and would fail the start when Telegram is away.
    for pool in bot.pools:
        await pool.initialize()
    try:
        yield
    finally:
        for pool in bot.pools:
            await pool.shutdown()

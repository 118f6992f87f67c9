"""The connections to Telegram, made anew when all of them are stuck.

A pool whose connections are taken and never given back refuses everything for ever, though Telegram can be reached.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import structlog
from telegram.error import TelegramError, TimedOut
from telegram.request import HTTPXRequest

from bot.config.settings import Settings
from bot.http import decompression, response_head
from bot.runtime.clock import Monotonic
from bot.telegram.updates.polling import UpdatesBot
from bot.telegram.updates.revoked_token import TokenDoubt

log = structlog.get_logger(__name__)

# A burst that waits for slow uploads is none: they get through before long.
STUCK_AFTER = 60.0
STUCK_TRIES = 3
CLOSED_WITHIN = 5.0
# Telegram gives files of at most 20 MB. A hundred updates, the most that it gives at once, are half of that.
MOST_BYTES = 32 * 1024 * 1024
# Bytes a second: what is sent may take so much longer.
SLOWEST = 50_000
# Nobody was there, so there is nothing that could be stuck.
AWAY = (httpx.ConnectError, httpx.ConnectTimeout)


class Pool(HTTPXRequest):
    """`clock` counts seconds and never goes back. The pools of one bot share a `doubt`. The library's time-outs are for
    each part of an exchange; here their sum is the most that the whole of it takes."""

    def __init__(self, *, clock: Monotonic = time.monotonic, doubt: TokenDoubt | None = None, **more: Any) -> None:
        super().__init__(**more)
        self._clock = clock
        self._doubt = doubt or TokenDoubt()
        # Since the last answer, whatever it said.
        self._failures = 0
        self._failing_since = 0.0

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        client = self._client
        try:
            answer = await self._answered(*args, **more)
        except TelegramError as error:
            if client is self._client and self._is_stuck_after(error):
                await self._renew()
            raise
        self._failures = 0
        self._doubt.heard(*answer, self._clock())
        return answer

    async def _answered(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._within(more)):
                return await super().do_request(*args, **more)
        except TimeoutError:
            raise TimedOut from httpx.ReadTimeout("the answer does not come to an end")

    def _within(self, more: Mapping[str, Any]) -> float:
        usual, data = self._client.timeout, more.get("request_data")
        told = {name: more.get(f"{name}_timeout") for name in ("connect", "read", "write", "pool")}
        parts = [value if isinstance(value, int | float) else getattr(usual, name) for name, value in told.items()]
        files = (data.multipart_data or {}).values() if data is not None else ()
        sent = sum(len(file[1]) for file in files if isinstance(file[1], bytes))
        return sum(part or 0.0 for part in parts) + sent / SLOWEST

    def _build_client(self) -> httpx.AsyncClient:
        client = super()._build_client()
        client.headers.update(decompression.UNPACKED)
        client.event_hooks = {"response": [_bound]}
        response_head.bound(client)
        return client

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """The library would put all of it into the log, and knows nothing of what is nested too deep."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise TelegramError("Invalid server response") from None

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


async def _bound(response: httpx.Response) -> None:
    decompression.Bounded.put_under(response, MOST_BYTES)


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

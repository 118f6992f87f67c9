"""Connection pools to Telegram, replaced when all connections are stuck.

A pool whose connections are never given back refuses every request, though Telegram can be reached.
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

from bot.config.settings import Settings
from bot.http import decompression, response_head
from bot.http.public_trust import public_trust
from bot.runtime.clock import Monotonic
from bot.telegram.library import INVALID_RESPONSE, ClientRequest, timeouts_of, upload_size
from bot.telegram.revoked_token import RevokedToken
from bot.telegram.updates.polling import UpdatesBot

log = structlog.get_logger(__name__)

# A burst that waits for slow uploads is not stuck: it gets through in less.
STUCK_AFTER = 60.0
STUCK_TRIES = 3
CLOSE_TIMEOUT = 5.0
# Telegram gives files of at most 20 MB. A hundred updates, the most that it gives at once, are half of that.
MAX_BYTES = 32 * 1024 * 1024
# Bytes a second: an upload may take so much longer.
MIN_UPLOAD_RATE = 50_000
# No connection was made, so none can be stuck.
NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)


class RecoveringRequest(ClientRequest):
    """`clock` counts monotonic seconds. The pools of one bot share a `revoked_token`. The library's timeouts are for
    each phase of a request; here their sum is the timeout of the whole."""

    def __init__(
        self, *, clock: Monotonic = time.monotonic, revoked_token: RevokedToken | None = None, **more: Any
    ) -> None:
        super().__init__(**more)
        self._clock = clock
        self._revoked_token = revoked_token or RevokedToken()
        # Failures since the last answer of any status.
        self._failures = 0
        self._failing_since = 0.0

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        client = self.client
        try:
            answer = await self._do_request_in_time(*args, **more)
        except TelegramError as error:
            if client is self.client and self._is_stuck_after(error):
                await self._replace_pool()
            raise
        self._failures = 0
        self._revoked_token.record(*answer, self._clock())
        return answer

    async def _do_request_in_time(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._timeout(more)):
                return await super().do_request(*args, **more)
        except TimeoutError:
            raise TimedOut from httpx.ReadTimeout("the answer does not come to an end")

    def _timeout(self, options: Mapping[str, Any]) -> float:
        return timeouts_of(options, self.client.timeout) + upload_size(options) / MIN_UPLOAD_RATE

    def configure(self, client: httpx.AsyncClient) -> None:
        client.headers.update(decompression.IDENTITY)
        client.event_hooks = {"response": [_limit_body]}
        response_head.limit_head(client)

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Replace the library's parser, which logs the whole payload and raises RecursionError for deep nesting."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise TelegramError(INVALID_RESPONSE) from None

    def _is_stuck_after(self, error: TelegramError) -> bool:
        now = self._clock()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        timed_out = isinstance(error.__cause__, httpx.TimeoutException) and not isinstance(
            error.__cause__, NOT_CONNECTED
        )
        return timed_out and self._failures >= STUCK_TRIES and now - self._failing_since >= STUCK_AFTER

    async def _replace_pool(self) -> None:
        """Replace the pool; requests on the old connections fail with MaybeDelivered."""
        log.warning("connection pool to Telegram is stuck, replaced", after=self._failures)
        old = self.replace_client()
        self._failures = 0
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await old.aclose()


async def _limit_body(response: httpx.Response) -> None:
    decompression.BoundedTransport.attach(response, MAX_BYTES)


def telegram_bot(settings: Settings, revoked_token: RevokedToken | None = None) -> UpdatesBot:
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    options: dict[str, Any] = {
        "revoked_token": revoked_token or RevokedToken(),
        "proxy": proxy,
        "read_timeout": 15,
        "pool_timeout": 10,
        "httpx_kwargs": {"verify": public_trust()},
    }
    return UpdatesBot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=RecoveringRequest(connection_pool_size=32, **options),
        get_updates_request=RecoveringRequest(connection_pool_size=1, **options),
    )


@contextlib.asynccontextmanager
async def opened(bot: UpdatesBot) -> AsyncIterator[None]:
    # Not `async with bot`: that calls getMe, and the start would fail while Telegram is unreachable.
    for pool in bot.pools:
        await pool.initialize()
    try:
        yield
    finally:
        for pool in bot.pools:
            await pool.shutdown()

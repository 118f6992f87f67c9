"""Updates by webhook: Telegram sends each one, and retries until the answer says that it is stored."""

import asyncio
import contextlib
import hmac
import json
import socket
from datetime import datetime, timedelta
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from telegram import Bot, WebhookInfo
from telegram.error import TelegramError

from bot.http.server import serve
from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.waiting import sleep_or_stop
from bot.store.database import DatabaseError
from bot.telegram.errors import Refused, TokenRefused, TryLater, classify
from bot.telegram.updates.foreign_webhook import host_of
from bot.telegram.updates.queue import WANTED, UpdateQueue
from bot.telegram.updates.source import UpdateSource

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (its name)
# Telegram keeps the order of messages in a chat by itself, but brings a message and the press of a button side by side
# when it may. One at a time takes milliseconds each and keeps them all in order.
MAX_CONNECTIONS = 1
# As often as a long poll ends, so that the health check has the same meaning for both.
CHECK_EVERY = 50.0
MAX_PAUSE = 30.0
# The largest update has some tens of kilobytes.
MAX_BODY = 1024 * 1024
BODY_TIMEOUT = 10.0
LOG_STRANGERS_EVERY = timedelta(hours=1)
MAX_UPDATE_ID = 2**63 - 1


class Webhook(UpdateSource):
    """`secret` is the token that Telegram sends in SECRET_HEADER."""

    def __init__(
        self,
        bot: Bot,
        updates: UpdateQueue,
        *,
        url: str,
        secret: str,
        clock: Clock,
        **options: Any,
    ) -> None:
        super().__init__(updates, clock=clock, **options)
        self._bot = bot
        self._url = url
        self._secret = secret
        self._is_set = False
        # Time of Telegram's last error known here, and the last one logged.
        self._failed_at: datetime | None = None
        self._logged_error = ""
        self._stranger_logged_at: datetime | None = None

    async def run(self, sock: socket.socket, stop: asyncio.Event) -> None:
        """Receive until `stop`. Raises TokenRefused for a revoked token.

        The webhook stays set at the end: Telegram queues updates for a day with or without it. The program deletes it
        when it is started to poll.
        """
        await asyncio.gather(serve(self.receive, sock, stop), self._keep_set(stop))

    async def receive(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its path: a proxy may rewrite that."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            with contextlib.suppress(ClientDisconnect):
                await Response(status_code=await self._status(request))(scope, receive, send)

    async def _status(self, request: Request) -> int:
        """Return the status of the answer. Telegram retries any status but 2xx for a day, and delays the later updates
        of that chat. So only an update that may succeed later is refused; one that never can is accepted and set
        aside."""
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            self._count_stranger()
            return 401
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                body = await _body(request)
        except TimeoutError:
            return 408
        update = _update(body)
        if update is None:
            log.error("webhook request without an update set aside, sent by Telegram or by a client with the secret")
            return 200
        try:
            await self._updates.enqueue([update])
        except DatabaseError as error:
            # Neither its text nor its trace: both hold messages of people.
            reason = getattr(error, "orig", None)
            log.error("database error, update not stored; Telegram sends it again", reason=str(reason or type(error)))
            return 500
        self._record_success()
        return 200

    def _count_stranger(self) -> None:
        metrics.STRANGERS.inc()
        now = self._clock()
        if self._stranger_logged_at is None or now - self._stranger_logged_at >= LOG_STRANGERS_EVERY:
            self._stranger_logged_at = now
            log.warning("webhook request without the secret refused; more within the hour are counted only")

    async def _keep_set(self, stop: asyncio.Event) -> None:
        """Call `check` every CHECK_EVERY seconds until `stop`; a failed one is retried after a pause."""
        pause = 0.0
        while not stop.is_set():
            self._loop.mark_alive()
            try:
                await self.check()
                pause = 0.0
            except TelegramError as error:
                pause = self._pause_after(error, pause)
            await sleep_or_stop(stop, pause or CHECK_EVERY)

    async def check(self) -> None:
        """Read getWebhookInfo, and set the webhook again unless it is as set and without errors."""
        info = await self._bot.get_webhook_info()
        if not self._is_set:
            # Errors before this run are not logged.
            self._failed_at = info.last_error_date
            await self._set()
            info = await self._bot.get_webhook_info()
        failing = info.last_error_date not in (None, self._failed_at)
        if failing:
            self._log_failure(info)
        if not self._as_set(info):
            log.warning("webhook changed by another program, set again")
            await self._set()
            if info.url and host_of(info.url) != host_of(self._url):
                await self._deleted_foreign_webhook(info.url)
            else:
                self._observer.conflict()
        elif failing:
            await self._set()
        else:
            self._logged_error = ""
            self._record_success()
            self._observer.polled()

    async def _set(self) -> None:
        """Delete and set the webhook. Telegram ignores setWebhook with the same address; only a new one starts at once
        with the queued updates, instead of after its retry pauses of up to two minutes."""
        self._is_set = False
        await self._bot.delete_webhook(drop_pending_updates=False)
        await self._bot.set_webhook(
            self._url,
            secret_token=self._secret,
            allowed_updates=WANTED,
            max_connections=MAX_CONNECTIONS,
            drop_pending_updates=False,
        )
        self._is_set = True

    def _as_set(self, info: WebhookInfo) -> bool:
        return (info.url, set(info.allowed_updates), info.max_connections) == (self._url, set(WANTED), MAX_CONNECTIONS)

    def _log_failure(self, info: WebhookInfo) -> None:
        self._failed_at = info.last_error_date
        message = info.last_error_message or "no reason given"
        if message != self._logged_error:
            self._logged_error = message
            log.warning(
                "webhook delivery failing; check WEBHOOK_URL, WEBHOOK_ADDRESS and the proxy between",
                error=message,
                waiting=info.pending_update_count,
            )

    def _pause_after(self, error: TelegramError, pause: float) -> float:
        failure = classify(error)
        if isinstance(failure, TokenRefused):
            raise failure
        if isinstance(failure, Refused):
            log.error("setWebhook refused, WEBHOOK_URL not accepted", error=str(failure))
        else:
            log.warning("Telegram request failed, retried after a pause", error=str(failure))
        if isinstance(failure, TryLater) and failure.is_flood_limit:
            return failure.after
        return min(max(1.0, pause * 1.5), MAX_PAUSE)


async def _body(request: Request) -> bytes | None:
    """Return None for a body larger than LARGEST."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _update(body: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    match found:
        case {"update_id": int(number)} if not isinstance(number, bool) and 0 <= number <= MAX_UPDATE_ID:
            return dict(found)
    return None

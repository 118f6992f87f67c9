"""Identify the bot at Telegram, then receive updates by polling or webhook."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import structlog
from telegram import User
from telegram.error import InvalidToken, TelegramError

from bot.config.errors import WrongSettings
from bot.config.settings import TELEGRAM, Settings
from bot.engine.checks.duplicate_instance import DuplicateInstanceCheck
from bot.notifications.admin_notices import AdminNotices
from bot.runtime.clock import Clock
from bot.runtime.systemd import ServiceManager
from bot.runtime.waiting import sleep_or_stop
from bot.runtime.watchdog import Loop
from bot.store.database import DatabaseError
from bot.store.database_errors import retry_on_database_error
from bot.telegram.errors import SecondCopy, TokenRefused
from bot.telegram.updates.foreign_webhook import WebhookNotice, host_of
from bot.telegram.updates.polling import Polling, UpdatesBot
from bot.telegram.updates.queue import UpdateQueue
from bot.telegram.updates.source import SourceObserver

if TYPE_CHECKING:
    from bot.telegram.updates.webhook import Webhook

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 30.0
# Timeout for delivery of the notification about a second instance before this one ends. Seconds.
NOTIFIED_WITHIN = 60.0

Answering = Callable[[str], Awaitable[UpdateQueue]]


class OldestDue(Protocol):
    async def oldest_due(self) -> datetime | None:
        """Return the due time of the oldest queued message."""


class UpdateListener(SourceObserver):
    """Task that receives updates. `loop` is its watchdog entry; `manager` gets the service status. `last_success`: time
    of the last successful request or update."""

    def __init__(
        self,
        settings: Settings,
        *,
        bot: UpdatesBot,
        clock: Clock,
        loop: Loop,
        second_copy: DuplicateInstanceCheck,
        administrators: AdminNotices,
        outbox: OldestDue,
        manager: ServiceManager,
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._clock = clock
        self._loop = loop
        self._second_copy = second_copy
        self._administrators = administrators
        self._outbox = outbox
        self._manager = manager
        self._source: Polling | Webhook | None = None
        self._updates: UpdateQueue | None = None

    @property
    def last_success(self) -> datetime | None:
        return self._source.last_success if self._source else None

    async def run(self, answering: Answering, beside: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Run until `stop`. `answering` builds the update queue for the bot's username; `beside` starts once that is
        known. Retries while Telegram is unreachable at the start. Raises TokenRefused and SecondCopy."""
        me = await self._introduce(stop)
        if me is None:
            return
        self._updates = updates = await answering(me.username or "")
        await retry_on_database_error("inbox", updates.resume, stop)
        log.info("listening", bot=me.username)
        self._manager.ready(f"listening as @{me.username}")
        take = self._by_webhook if self._settings.webhook_url else self._by_polling
        await asyncio.gather(take(updates, stop), beside())

    def polled(self) -> None:
        self._second_copy.polled()

    def conflict(self) -> None:
        self._second_copy.conflict()

    async def webhook_found(self, host: str, notice: WebhookNotice) -> None:
        facts = {"host": host, "again": notice is WebhookNotice.REPEATED}
        await self._administrators.send("foreign_webhook", facts)

    async def drain(self, within: float) -> None:
        """Drain the queue: see UpdateQueue.drain."""
        if self._updates is not None:
            await self._updates.drain(within)

    async def _introduce(self, stop: asyncio.Event) -> User | None:
        """Retry until Telegram answers, and return the bot's user; None if `stop` is set first."""
        pause = 1.0
        while not stop.is_set():
            self._loop.mark_alive()
            try:
                me = await self._bot.get_me()
                if not self._settings.webhook_url:
                    await self._delete_webhook()
                return me
            except InvalidToken as error:
                raise TokenRefused(str(error)) from None
            except TelegramError as error:
                reason = str(error) or type(error).__name__
                log.warning("Telegram unreachable, retried", error=reason, remedy=self._remedy())
                # Polling of the PBX runs without Telegram, and a service manager gives up a start that takes long.
                self._manager.ready("Telegram does not answer yet")
                await sleep_or_stop(stop, pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return None

    def _remedy(self) -> str:
        if self._settings.telegram_proxy is not None:
            return "see whether the proxy of TELEGRAM_PROXY runs, and its user and password"
        if self._settings.telegram_api_url != TELEGRAM:
            return "see whether the server of TELEGRAM_API_URL runs"
        return "check the internet of this machine; where Telegram is blocked, set TELEGRAM_PROXY"

    async def _delete_webhook(self) -> None:
        """Delete a webhook; only its host is logged, because an earlier run may have set it."""
        if url := (await self._bot.get_webhook_info()).url:
            log.warning("webhook found and deleted, the bot polls", host=host_of(url))
            await self._bot.delete_webhook(drop_pending_updates=False)

    async def _by_polling(self, updates: UpdateQueue, stop: asyncio.Event) -> None:
        self._source = polling = Polling(
            self._bot,
            updates,
            clock=self._clock,
            observer=self,
            loop=self._loop,
        )
        try:
            await polling.run(stop)
        except SecondCopy:
            await self._deliver_queued(stop)
            raise

    async def _by_webhook(self, updates: UpdateQueue, stop: asyncio.Event) -> None:
        from bot.telegram.updates.webhook import Webhook  # imported late: it loads the web server

        self._source = webhook = Webhook(
            self._bot,
            updates,
            url=self._settings.webhook_url or "",
            secret=self._settings.webhook_secret,
            clock=self._clock,
            observer=self,
            loop=self._loop,
        )
        await webhook.run(listening_socket("WEBHOOK_ADDRESS", self._settings.webhook_address), stop)

    async def _deliver_queued(self, stop: asyncio.Event) -> None:
        """Wait until no due message is queued, with a timeout of NOTIFIED_WITHIN seconds."""
        with contextlib.suppress(TimeoutError, DatabaseError):
            async with asyncio.timeout(NOTIFIED_WITHIN):
                while not stop.is_set() and await self._outbox.oldest_due() is not None:
                    await sleep_or_stop(stop, 0.5)


def listening_socket(setting: str, address: str) -> socket.socket:
    """Open the socket of the address in `setting`. Raises WrongSettings if it is unusable."""
    from bot.http.server import AddressUnusable, listen  # imported late: it loads the web server

    try:
        return listen(address)
    except AddressUnusable as error:
        raise WrongSettings([f"{setting}: {address} cannot be used ({error}); choose another one"]) from None

"""Updates by long polling: asked for again and again, each batch confirmed by the next question."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot import metrics
from bot.chat.errors import TokenRefused
from bot.chat.updates import WANTED, Updates
from bot.store.patience import until_written

log = structlog.get_logger(__name__)

LONG_POLL = 50
LONGEST_PAUSE = 30.0


class UpdatesBot(Bot):
    """A Bot that also gives updates raw, so that one it cannot parse does not block all behind it."""

    @property
    def pools(self) -> tuple[BaseRequest, BaseRequest]:
        """Its connections, to be opened and closed without asking Telegram anything."""
        return self._request

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        wanted = {"offset": offset, "timeout": seconds, "allowed_updates": list(WANTED)}
        found: list[dict[str, Any]] = await self._post("getUpdates", wanted, read_timeout=seconds + 10)
        return found


class Polling:
    """`polled` is told of every poll that succeeded, `conflict` when somebody else polls too."""

    def __init__(
        self,
        bot: UpdatesBot,
        updates: Updates,
        *,
        clock: Callable[[], datetime],
        polled: Callable[[], None] = lambda: None,
        conflict: Callable[[], None] = lambda: None,
    ) -> None:
        self._bot = bot
        self._updates = updates
        self._clock = clock
        self._polled = polled
        self._conflict = conflict
        self.last_success: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set. Raises TokenRefused when Telegram does not know the token any more."""
        offset: int | None = None
        pause = 0.0
        while not stop.is_set():
            try:
                batch = await _unless(stop, self._bot.raw_updates(offset, LONG_POLL))
            except TelegramError as error:
                pause = self._pause_after(error, pause)
                await _wait(stop, pause)
                continue
            pause = 0.0
            if batch is not None:
                self._alive()
                # Until it is stored Telegram keeps it.
                await until_written(partial(self._updates.take_in, batch), stop)
                offset = max((int(update["update_id"]) + 1 for update in batch), default=offset)

    def _alive(self) -> None:
        self.last_success = self._clock()
        metrics.LAST_UPDATES.set(self.last_success.timestamp())
        self._polled()

    def _pause_after(self, error: TelegramError, pause: float) -> float:
        if isinstance(error, InvalidToken):
            raise TokenRefused(str(error))
        if isinstance(error, Conflict):
            log.error("another copy of the bot is running with this token; stop one of them")
            self._conflict()
        else:
            log.warning("Telegram does not answer", error=str(error) or type(error).__name__)
        if isinstance(error, RetryAfter):
            after = error.retry_after
            return float(after) if isinstance(after, int) else after.total_seconds()
        return min(max(1.0, pause * 1.5), LONGEST_PAUSE)


async def _unless(stop: asyncio.Event, work: Awaitable[list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """The work's result, or None when `stop` comes first: a long poll must not hold up the end of the program."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for leftover in (task, stopped):
            leftover.cancel()
        with contextlib.suppress(asyncio.CancelledError, TelegramError):
            await task


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

"""Updates by long polling: asked for again and again, each batch confirmed by the next question."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.runtime.clock import Clock
from bot.runtime.logs import Changes
from bot.runtime.tasks import first_line
from bot.runtime.waiting import wait_for
from bot.telegram.errors import SecondCopy, TokenRefused
from bot.telegram.updates import conflicts
from bot.telegram.updates.conflicts import Conflicts
from bot.telegram.updates.foreign_webhook import is_of_webhook
from bot.telegram.updates.queue import WANTED, Updates
from bot.telegram.updates.source import Source

log = structlog.get_logger(__name__)

LONG_POLL = 50
LONGEST_PAUSE = 30.0
# Telegram may tell us to wait for hours; asking again earlier than told does no harm.
LONGEST_TOLD_PAUSE = 300.0
# An answer that comes byte by byte would never be late.
ANSWERED_WITHIN = LONG_POLL + 60


class UpdatesBot(Bot):
    """A Bot that also gives updates raw, so that one it cannot parse does not block all behind it."""

    @property
    def pools(self) -> tuple[BaseRequest, BaseRequest]:
        """Its connections, to be opened and closed without asking Telegram anything."""
        return self._request

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        wanted = {"offset": offset, "timeout": seconds, "allowed_updates": list(WANTED)}
        async with asyncio.timeout(ANSWERED_WITHIN):
            found: list[dict[str, Any]] = await self._post("getUpdates", wanted, read_timeout=seconds + 10)
        return found


class Polling(Source):
    def __init__(self, bot: UpdatesBot, updates: Updates, *, clock: Clock, **told: Any) -> None:
        super().__init__(updates, clock=clock, **told)
        self._bot = bot
        self._conflicts = Conflicts(clock())
        self._trouble = Changes()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set. Raises TokenRefused when Telegram does not know the token any more, SecondCopy when
        another copy does not stop polling."""
        offset: int | None = None
        pause = 0.0
        while not stop.is_set():
            self._loop.turned()
            try:
                batch = await _unless(stop, self._bot.raw_updates(offset, LONG_POLL))
                if batch is not None:
                    self._alive()
                    self._observer.polled()
                    await self._updates.take_in(batch)
                    offset = max((int(update["update_id"]) + 1 for update in batch), default=offset)
            except (TelegramError, TimeoutError) as error:
                if isinstance(error, Conflict) and is_of_webhook(error):
                    pause = await self._delete_webhook(pause, stop)
                else:
                    pause = self._pause_after(error, pause)
            except SQLAlchemyError as error:
                # Telegram keeps what is not confirmed, and gives it again.
                if self._trouble.are(type(error).__name__):
                    log.error("the store takes no updates; they stay with Telegram", reason=first_line(error))
                pause = _longer(pause)
            else:
                self._trouble.are(None)
                pause = 0.0
                continue
            await wait_for(stop, pause)

    async def _delete_webhook(self, pause: float, stop: asyncio.Event) -> float:
        """What it has not brought yet stays with Telegram, for us. Returns the pause before the next poll."""
        await wait_for(stop, self._foreign.pause(self._clock()))
        if stop.is_set():
            return 0.0
        try:
            url = (await self._bot.get_webhook_info()).url
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            return self._pause_after(error, pause)
        if not url:
            return _longer(pause)
        await self._deleted_foreign_webhook(url)
        return 0.0

    def _pause_after(self, error: TelegramError | TimeoutError, pause: float) -> float:
        if isinstance(error, InvalidToken):
            raise TokenRefused(str(error))
        if isinstance(error, Conflict):
            log.error("another copy of the bot is running with this token; stop one of them")
            self._observer.conflict()
            if (lasted := self._conflicts.met(self._clock())) is not None:
                raise SecondCopy(f"for {lasted.total_seconds() / 60:.0f} minutes")
            return min(_longer(pause), conflicts.LONGEST_PAUSE)
        log.warning("Telegram does not answer", error=str(error) or type(error).__name__)
        if isinstance(error, RetryAfter):
            after = error.retry_after
            seconds = float(after) if isinstance(after, int) else after.total_seconds()
            return min(seconds, LONGEST_TOLD_PAUSE)
        return _longer(pause)


def _longer(pause: float) -> float:
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
        with contextlib.suppress(asyncio.CancelledError, TelegramError, TimeoutError):
            await task

"""Updates by long polling; each request confirms the batch before."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.runtime.clock import Clock
from bot.runtime.logs import OnChange
from bot.runtime.waiting import sleep_or_stop
from bot.store.database import DatabaseError
from bot.store.database_errors import database_message
from bot.telegram.errors import SecondCopy, TokenRefused
from bot.telegram.library import RawBot
from bot.telegram.updates import conflicts
from bot.telegram.updates.conflicts import Conflicts
from bot.telegram.updates.foreign_webhook import is_of_webhook
from bot.telegram.updates.queue import WANTED, UpdateQueue
from bot.telegram.updates.source import UpdateSource

log = structlog.get_logger(__name__)

LONG_POLL = 50
MAX_PAUSE = 30.0
# Telegram may ask for hours; an earlier retry does no harm.
MAX_FLOOD_PAUSE = 300.0
# Timeout of the whole answer: one sent byte by byte meets no read timeout.
RESPONSE_TIMEOUT = LONG_POLL + 60
# Read timeout beyond the long poll.
LATE_BY = 10


class UpdatesBot(RawBot):
    """Bot that gives updates raw, so that one that cannot be parsed does not block those after it."""

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        parameters = {"offset": offset, "timeout": seconds, "allowed_updates": list(WANTED)}
        async with asyncio.timeout(RESPONSE_TIMEOUT):
            found: list[dict[str, Any]] = await self.call("getUpdates", parameters, read_timeout=seconds + LATE_BY)
        return found


class Polling(UpdateSource):
    def __init__(self, bot: UpdatesBot, updates: UpdateQueue, *, clock: Clock, **options: Any) -> None:
        super().__init__(updates, clock=clock, **options)
        self._bot = bot
        self._conflicts = Conflicts(clock())
        self._last_error = OnChange()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; a failed request is retried after a pause. Raises TokenRefused for a revoked token,
        SecondCopy when another copy goes on polling."""
        offset: int | None = None
        pause = 0.0
        while not stop.is_set():
            self._loop.mark_alive()
            try:
                batch = await _unless_stopped(stop, self._bot.raw_updates(offset, LONG_POLL))
                if batch is not None:
                    self._record_success()
                    self._observer.polled()
                    await self._updates.enqueue(batch)
                    offset = max((int(update["update_id"]) + 1 for update in batch), default=offset)
            except (TelegramError, TimeoutError) as error:
                if isinstance(error, Conflict) and is_of_webhook(error):
                    pause = await self._delete_webhook(pause, stop)
                else:
                    pause = self._pause_after(error, pause)
            except DatabaseError as error:
                # Telegram sends unconfirmed updates again.
                if self._last_error.is_new(type(error).__name__):
                    log.error(
                        "database error, updates not stored; Telegram sends them again", reason=database_message(error)
                    )
                pause = _next_pause(pause)
            else:
                self._last_error.is_new(None)
                pause = 0.0
                continue
            await sleep_or_stop(stop, pause)

    async def _delete_webhook(self, pause: float, stop: asyncio.Event) -> float:
        """Delete the webhook of another program; its undelivered updates stay queued at Telegram. Return the pause
        before the next poll."""
        await sleep_or_stop(stop, self._foreign.pause(self._clock()))
        if stop.is_set():
            return 0.0
        try:
            url = (await self._bot.get_webhook_info()).url
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            return self._pause_after(error, pause)
        if not url:
            return _next_pause(pause)
        await self._deleted_foreign_webhook(url)
        return 0.0

    def _pause_after(self, error: TelegramError | TimeoutError, pause: float) -> float:
        if isinstance(error, InvalidToken):
            raise TokenRefused(str(error))
        if isinstance(error, Conflict):
            log.error("another instance polls with this token; stop one of them")
            self._observer.conflict()
            if (lasted := self._conflicts.record(self._clock())) is not None:
                raise SecondCopy(f"for {lasted.total_seconds() / 60:.0f} minutes")
            return min(_next_pause(pause), conflicts.MAX_PAUSE)
        log.warning("Telegram request failed, retried after a pause", error=str(error) or type(error).__name__)
        if isinstance(error, RetryAfter):
            after = error.retry_after
            seconds = float(after) if isinstance(after, int) else after.total_seconds()
            return min(seconds, MAX_FLOOD_PAUSE)
        return _next_pause(pause)


def _next_pause(pause: float) -> float:
    return min(max(1.0, pause * 1.5), MAX_PAUSE)


async def _unless_stopped(stop: asyncio.Event, work: Awaitable[list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """Return the result; cancel its task and return None when `stop` is set first: a long poll must not delay the end
    of the program."""
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

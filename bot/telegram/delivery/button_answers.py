"""Answers to callback queries: the toasts over pressed buttons."""

import asyncio

import structlog
from telegram import Bot
from telegram.error import TelegramError

from bot.messages.sanitize import shortened
from bot.runtime.clock import Sleep
from bot.telegram.errors import DeliveryError, TryLater, classify, is_too_late_to_answer
from bot.telegram.files import TIMEOUTS

log = structlog.get_logger(__name__)

# In UTF-16 units.
MAX_LABEL = 200
# Telegram's timeout of a callback query, in seconds.
ANSWER_TIMEOUT = 15.0


class ButtonAnswers:
    """Answers with the timeouts of TIMEOUTS. Raises only DeliveryError."""

    def __init__(self, bot: Bot, sleep: Sleep = asyncio.sleep) -> None:
        self._bot = bot
        self._sleep = sleep
        self._answering: set[asyncio.Task[None]] = set()

    async def answer(self, query_id: str, text: str | None = None, *, alert: bool = False) -> None:
        """Answer a press. After Telegram's timeout the answer has no effect. On a flood limit the answer is retried in
        a task of its own."""
        label = text and shortened(text, MAX_LABEL)
        try:
            await self._answer(query_id, label, alert)
        except TryLater as error:
            if not error.is_flood_limit or error.after >= ANSWER_TIMEOUT:
                raise
            later = asyncio.create_task(self._answer_later(query_id, label, alert, error.after))
            self._answering.add(later)
            later.add_done_callback(self._answering.discard)

    async def _answer_later(self, query_id: str, label: str | None, alert: bool, after: float) -> None:
        remaining = ANSWER_TIMEOUT
        while (remaining := remaining - after) > 0:
            await self._sleep(after)
            try:
                await self._answer(query_id, label, alert)
            except DeliveryError as error:
                if isinstance(error, TryLater) and error.is_flood_limit:
                    after = error.after
                    continue
                log.warning("callback query could not be answered", reason=str(error))
            return

    async def _answer(self, query_id: str, label: str | None, alert: bool) -> None:
        try:
            await self._bot.answer_callback_query(query_id, label, show_alert=alert, **TIMEOUTS)
        except TelegramError as error:
            if not is_too_late_to_answer(error):
                raise classify(error) from error
            log.info("callback query answered too late")

"""Callback queries: each takes one answer, until its timeout."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.model import Json
from bot.demo.telegram.updates import CALLBACK_LIFETIME

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
TOASTS_KEPT = 5


@dataclass
class ButtonPress:
    user_id: int
    at: float
    answer: Json | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class ButtonPresses:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._presses: dict[str, ButtonPress] = {}
        self._last_id = 4_000_000_000_000_000_000
        self._toasts: dict[int, deque[Json]] = {}

    def add(self, user_id: int) -> str:
        self._last_id += 1
        self._presses[str(self._last_id)] = ButtonPress(user_id, self._now())
        return str(self._last_id)

    def answer(self, query_id: str, text: str, alert: bool, seq: int) -> None:
        """Answer a query. Raises BotApiRefused for an answer after the timeout, repeated, or to an unknown query."""
        press = self._presses.get(query_id)
        if press is None or press.answer is not None or self._now() - press.at >= CALLBACK_LIFETIME:
            raise bad_request(TOO_OLD)
        press.answer = {"text": text, "alert": alert}
        press.answered.set()
        if text:
            toasts = self._toasts.setdefault(press.user_id, deque(maxlen=TOASTS_KEPT))
            toasts.append({"seq": seq, "text": text, "alert": alert, "at": self._now()})

    async def wait(self, query_id: str, seconds: float) -> Json | None:
        press = self._presses[query_id]
        try:
            async with asyncio.timeout(seconds):
                await press.answered.wait()
        except TimeoutError:
            return None
        return press.answer

    def toasts(self, user_id: int) -> list[Json]:
        return list(self._toasts.get(user_id, ()))

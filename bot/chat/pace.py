"""How fast Telegram may be called: per chat, per group and overall, a little below its published limits."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from bot.chat.errors import TryLater

# (calls, seconds). Telegram: one a second in a chat with small bursts, 20 a minute in a group, 30 a second overall.
# The seconds are a little wider, because the network may bunch together what was sent apart.
IN_CHAT = (3, 3.2)
IN_GROUP = (20, 61.0)
OVERALL = (28, 1.05)
REMEMBERED_CHATS = 1000


class Window:
    """At most `limit` calls in any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._calls: deque[float] = deque(maxlen=limit)
        self._limit = limit
        self._seconds = seconds

    def wait(self, now: float) -> float:
        if len(self._calls) < self._limit:
            return 0.0
        return max(0.0, self._calls[0] + self._seconds - now)

    def take(self, now: float) -> None:
        self._calls.append(now)

    def is_idle(self, now: float) -> bool:
        return not self._calls or self._calls[-1] + self._seconds <= now


class _Chat:
    def __init__(self, chat_id: int) -> None:
        self.windows = [Window(*IN_CHAT)] + ([Window(*IN_GROUP)] if chat_id < 0 else [])
        self.held_until = 0.0
        self.lock = asyncio.Lock()

    def is_idle(self, now: float) -> bool:
        return self.held_until <= now and not self.lock.locked() and all(w.is_idle(now) for w in self.windows)


class Pace:
    """Turns are given in order within a chat; `clock` counts seconds and never goes back."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._overall = Window(*OVERALL)
        self._chats: dict[int, _Chat] = {}

    async def turn(self, chat_id: int) -> None:
        """Wait for this chat's turn and take it. TryLater when Telegram told the chat to wait."""
        chat = self._chat(chat_id)
        async with chat.lock:
            while (wait := self._wait(chat)) > 0:
                self._refuse_if_held(chat)
                await self._sleep(wait)
            now = self._clock()
            for window in (self._overall, *chat.windows):
                window.take(now)

    async def ready(self, chat_id: int) -> None:
        """Wait until a turn would be given at once, without taking it; sits out what Telegram told the chat too."""
        chat = self._chat(chat_id)
        while (wait := self._wait(chat)) > 0:
            await self._sleep(wait)

    def hold(self, chat_id: int, seconds: float) -> None:
        """Telegram told this chat to wait (429). Other chats go on."""
        chat = self._chat(chat_id)
        chat.held_until = max(chat.held_until, self._clock() + seconds)

    def _wait(self, chat: _Chat) -> float:
        now = self._clock()
        return max(chat.held_until - now, self._overall.wait(now), *(window.wait(now) for window in chat.windows))

    def _refuse_if_held(self, chat: _Chat) -> None:
        held = chat.held_until - self._clock()
        if held > 0:
            raise TryLater("Telegram told this chat to wait", held, told=True)

    def _chat(self, chat_id: int) -> _Chat:
        if chat_id not in self._chats:
            self._forget_idle()
            self._chats[chat_id] = _Chat(chat_id)
        return self._chats[chat_id]

    def _forget_idle(self) -> None:
        if len(self._chats) >= REMEMBERED_CHATS:
            now = self._clock()
            self._chats = {chat_id: chat for chat_id, chat in self._chats.items() if not chat.is_idle(now)}

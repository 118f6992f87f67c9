"""Rate limits per chat, per group and overall, a little below those that Telegram publishes. The most urgent calls go
first.

The library's own limiter has no priorities, and halts every chat on a flood limit of one.
"""

import asyncio
import itertools
import time
from bisect import insort
from collections import deque
from typing import NamedTuple

from bot.runtime.clock import Monotonic, Sleep
from bot.store.messages.outbox import Urgency
from bot.telegram.errors import TryLater

# (calls, seconds). Telegram: one a second in a chat with small bursts, 20 a minute in a group, 30 a second overall.
# The seconds are a little wider, because the network may bunch together what was sent apart.
CHAT_LIMIT = (3, 3.2)
GROUP_LIMIT = (20, 61.0)
OVERALL_LIMIT = (28, 1.05)
# Calls for the bot itself and no chat, as its command menus. Telegram publishes no limit for these.
PROFILE = 0
# Calls of a group in a minute that are left free for more urgent ones.
KEPT_FREE = {Urgency.PAGE: 0, Urgency.RESOLVE: 1, Urgency.ANSWER: 3, Urgency.EDIT: 6, Urgency.DIGEST: 6}
MAX_CHATS = 1000


class Window:
    """At most `limit` calls in any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._calls: deque[float] = deque(maxlen=limit)
        self._limit = limit
        self._seconds = seconds

    def wait(self, now: float, before: int = 0) -> float:
        """Return the seconds until one more call fits in after `before` others."""
        to_expire = len(self._calls) + before + 1 - self._limit
        if to_expire <= 0:
            return 0.0
        if to_expire > len(self._calls):
            # Some of the others have not been made yet.
            return self._seconds
        return max(0.0, self._calls[to_expire - 1] + self._seconds - now)

    def take(self, now: float) -> None:
        self._calls.append(now)

    def is_idle(self, now: float) -> bool:
        return not self._calls or self._calls[-1] + self._seconds <= now


class _Chat:
    def __init__(self, chat_id: int) -> None:
        self._second = Window(*CHAT_LIMIT)
        self._minute = Window(*GROUP_LIMIT) if chat_id < 0 else None
        self.paused_until = 0.0
        # Calls reserved and not used yet.
        self.reserved = 0

    def wait(self, now: float, urgency: Urgency, before: int = 0) -> float:
        minute = self._minute.wait(now, before + KEPT_FREE[urgency]) if self._minute else 0.0
        return max(self.paused_until - now, self._second.wait(now, before), minute)

    def take(self, now: float) -> None:
        self._second.take(now)
        if self._minute:
            self._minute.take(now)

    def is_idle(self, now: float) -> bool:
        windows = (self._second, self._minute) if self._minute else (self._second,)
        return self.paused_until <= now and not self.reserved and all(window.is_idle(now) for window in windows)


class _Waiter(NamedTuple):
    urgency: Urgency
    number: int
    chat_id: int


class RateLimiter:
    """Queue of calls to Telegram. `clock` counts monotonic seconds."""

    def __init__(
        self,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._overall = Window(*OVERALL_LIMIT)
        self._chats: dict[int, _Chat] = {}
        # Queued calls: the most urgent first, then in the order of coming.
        self._queue: list[_Waiter] = []
        self._numbers = itertools.count()

    async def acquire(self, chat_id: int, urgency: Urgency = Urgency.ANSWER) -> None:
        """Wait in the queue for a call to this chat and take it. Raises TryLater during a flood limit of the chat."""
        chat = self._chat(chat_id)
        self._refuse_if_paused(chat)
        if chat.reserved:
            chat.reserved -= 1
            return
        await self._wait(chat_id, urgency, refuse=True)

    async def reserve(self, chat_id: int, urgency: Urgency) -> None:
        """Wait in the queue for a call, also through a flood limit, and reserve it for `acquire`."""
        await self._wait(chat_id, urgency, refuse=False)
        self._chat(chat_id).reserved += 1

    def release(self, chat_id: int) -> None:
        """Release a reserved call."""
        chat = self._chat(chat_id)
        chat.reserved = max(0, chat.reserved - 1)

    def pause(self, chat_id: int, seconds: float) -> None:
        """Pause this chat (HTTP 429). Other chats go on."""
        chat = self._chat(chat_id)
        chat.paused_until = max(chat.paused_until, self._clock() + seconds)

    async def _wait(self, chat_id: int, urgency: Urgency, *, refuse: bool) -> None:
        waiter = _Waiter(urgency, next(self._numbers), chat_id)
        insort(self._queue, waiter)
        try:
            while (wait := self._seconds_left(waiter)) > 0:
                if refuse:
                    self._refuse_if_paused(self._chat(chat_id))
                await self._sleep(wait)
            now = self._clock()
            self._overall.take(now)
            self._chat(chat_id).take(now)
        finally:
            self._queue.remove(waiter)

    def _seconds_left(self, waiter: _Waiter) -> float:
        """Return the seconds until a queued call may be made, after all before it that could be made too."""
        now = self._clock()
        before = self._queue[: self._queue.index(waiter)]
        in_chat = sum(other.chat_id == waiter.chat_id for other in before)
        wait = self._chat(waiter.chat_id).wait(now, waiter.urgency, in_chat)
        if self._overall.wait(now, len(before)) > 0:
            sendable = sum(self._chat(other.chat_id).wait(now, other.urgency) <= 0 for other in before)
            wait = max(wait, self._overall.wait(now, sendable))
        return wait

    def _refuse_if_paused(self, chat: _Chat) -> None:
        remaining = chat.paused_until - self._clock()
        if remaining > 0:
            raise TryLater("Telegram told this chat to wait", remaining, flood_limit=True)

    def _chat(self, chat_id: int) -> _Chat:
        if chat_id not in self._chats:
            self._evict_idle()
            self._chats[chat_id] = _Chat(chat_id)
        return self._chats[chat_id]

    def _evict_idle(self) -> None:
        if len(self._chats) >= MAX_CHATS:
            now = self._clock()
            waiting = {waiter.chat_id for waiter in self._queue}
            self._chats = {
                chat_id: chat for chat_id, chat in self._chats.items() if chat_id in waiting or not chat.is_idle(now)
            }

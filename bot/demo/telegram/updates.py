"""What waits for the bot: the queue behind getUpdates."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.telegram.bell import Bell
from bot.demo.telegram.model import Json
from bot.demo.telegram.refusal import CONFLICT, Refusal

DAY = 24 * 3600.0
CALLBACK_LIFETIME = 150.0
LONGEST_POLL = 50.0
MOST_UPDATES = 100
ONLY_WHEN_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True)
class _Waiting:
    id: int
    expires: float
    kind: str
    payload: Json


class Queue:
    def __init__(self, now: Callable[[], float]) -> None:
        self.webhook = ""
        self.allowed: list[str] = []
        self._now = now
        self._waiting: deque[_Waiting] = deque()
        self._last_id = 500_000_000
        self._bell = Bell()
        self._turn = 0

    def put(self, kind: str, payload: Json, born: float | None = None, lifetime: float = DAY) -> None:
        """The filter is applied here, when the update is made: changing it later changes nothing that waits."""
        if kind not in self.allowed if self.allowed else kind in ONLY_WHEN_ASKED:
            return
        self._last_id += 1
        expires = (self._now() if born is None else born) + lifetime
        self._waiting.append(_Waiting(self._last_id, expires, kind, payload))
        self._bell.ring()

    def drop_all(self) -> None:
        self._waiting.clear()

    @property
    def pending(self) -> int:
        self._forget_expired()
        return len(self._waiting)

    async def take(self, offset: int, limit: int, seconds: float) -> list[Json]:
        """Raises Refusal 409 in the older poll as soon as a newer one begins."""
        if self.webhook:
            raise Refusal(409, WEBHOOK_ACTIVE)
        self._turn += 1
        turn = self._turn
        self._bell.ring()
        self._confirm(offset)
        deadline = asyncio.get_running_loop().time() + min(seconds, LONGEST_POLL)
        while True:
            heard = self._bell.seq
            self._forget_expired()
            left = deadline - asyncio.get_running_loop().time()
            if self._waiting or left <= 0:
                return [{"update_id": one.id, one.kind: one.payload} for one in list(self._waiting)[:limit]]
            await self._bell.heard(heard, left)
            if turn != self._turn:
                raise Refusal(409, CONFLICT)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        while self._waiting and self._waiting[0].id < offset:
            self._waiting.popleft()

    def _forget_expired(self) -> None:
        now = self._now()
        self._waiting = deque(one for one in self._waiting if one.expires > now)

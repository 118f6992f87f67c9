"""Queue of updates for getUpdates and the webhook."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.telegram.bot_api.refusal import CONFLICT, BotApiRefused
from bot.demo.telegram.model import Json
from bot.demo.telegram.waiting import ChangeCounter

DAY = 24 * 3600.0
CALLBACK_LIFETIME = 150.0
LONGEST_POLL = 50.0
MOST_UPDATES = 100
ONLY_WHEN_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
ENDED_BY_WEBHOOK = "Conflict: terminated by setWebhook request"


@dataclass(frozen=True)
class Waiting:
    id: int
    expires: float
    kind: str
    payload: Json

    @property
    def update(self) -> Json:
        return {"update_id": self.id, self.kind: self.payload}


class UpdateBacklog:
    """While `webhook_active` returns True, getUpdates is refused."""

    def __init__(self, now: Callable[[], float], webhook_active: Callable[[], bool]) -> None:
        self.allowed: list[str] = []
        self.bell = ChangeCounter()
        self._now = now
        self._webhook_active = webhook_active
        self._waiting: deque[Waiting] = deque()
        self._last_id = 500_000_000
        self._turn = 0

    def put(self, kind: str, payload: Json, born: float | None = None, lifetime: float = DAY) -> None:
        """Queue an update. `allowed` is applied here: changing it later does not affect queued updates."""
        if kind not in self.allowed if self.allowed else kind in ONLY_WHEN_ASKED:
            return
        self._last_id += 1
        expires = (self._now() if born is None else born) + lifetime
        self._waiting.append(Waiting(self._last_id, expires, kind, payload))
        self.bell.ring()

    def drop_all(self) -> None:
        self._waiting.clear()

    def drop(self, update_id: int) -> None:
        self._waiting = deque(one for one in self._waiting if one.id != update_id)

    def waiting(self) -> list[Waiting]:
        now = self._now()
        self._waiting = deque(one for one in self._waiting if one.expires > now)
        return list(self._waiting)

    async def take(self, offset: int, limit: int, seconds: float) -> list[Json]:
        """Return updates after a long poll with a timeout. Raises BotApiRefused 409 in the older poll as soon as a
        newer one begins."""
        if self._webhook_active():
            raise BotApiRefused(409, WEBHOOK_ACTIVE)
        self._turn += 1
        turn = self._turn
        self.bell.ring()
        self._confirm(offset)
        deadline = asyncio.get_running_loop().time() + min(seconds, LONGEST_POLL)
        while True:
            heard = self.bell.seq
            found = self.waiting()
            left = deadline - asyncio.get_running_loop().time()
            if found or left <= 0:
                return [one.update for one in found[:limit]]
            await self.bell.heard(heard, left)
            if self._webhook_active():
                raise BotApiRefused(409, ENDED_BY_WEBHOOK)
            if turn != self._turn:
                raise BotApiRefused(409, CONFLICT)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        while self._waiting and self._waiting[0].id < offset:
            self._waiting.popleft()

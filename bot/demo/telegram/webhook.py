"""Webhook: send updates to the bot's address, in order in each chat, and retry each until it succeeds."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from bot.demo.telegram.updates import UpdateBacklog, Waiting

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (its name)
ANSWER_WITHIN = 60.0
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600
# Ordering key: the kind of update and the chat.
Lane = tuple[str, int]


@dataclass(frozen=True)
class WebhookTarget:
    url: str
    secret: str
    max_connections: int


@dataclass
class _Delay:
    """Retry state of one update: failures, last pause, end of the pause."""

    failures: int = 0
    pause: float = 1.0
    until: float = 0.0


class WebhookDelivery:
    """`pace` divides the pauses between retries, for tests."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.queue = UpdateBacklog(now, lambda: self.target is not None)
        self.target: WebhookTarget | None = None
        self.pace = 1.0
        self.last_error: tuple[int, str] | None = None
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._next_set = 0.0
        self._delays: dict[int, _Delay] = {}
        self._under_way: set[Lane] = set()

    def may_be_set(self) -> bool:
        """Return True at most once a second."""
        now = self._now()
        if now < self._next_set:
            return False
        self._next_set = now + 1
        return True

    def set(self, target: WebhookTarget | None) -> None:
        """Setting the same target changes no state; a new target resets the retries."""
        if target == self.target:
            return
        self.target = target
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if target is not None:
            self.last_error = None
            self._task = asyncio.create_task(self._deliver(target))
        self.queue.bell.ring()

    async def _deliver(self, target: WebhookTarget) -> None:
        self._delays, self._under_way = {}, set()
        limits = httpx.Limits(max_connections=target.max_connections)
        # Loading the system's certificates is slow, and plain http needs none.
        verify = target.url.startswith("https://")
        async with (
            httpx.AsyncClient(timeout=ANSWER_WITHIN, limits=limits, verify=verify, trust_env=False) as http,
            asyncio.TaskGroup() as group,
        ):
            while True:
                heard = self.queue.bell.seq
                # One time for both: an update whose pause ends between two readings would be in neither.
                now = asyncio.get_running_loop().time()
                for one in self._due(now, target.max_connections):
                    self._under_way.add(_lane(one))
                    group.create_task(self._bring(http, target, one))
                await self.queue.bell.heard(heard, self._until_next(now))

    def _due(self, now: float, most: int) -> list[Waiting]:
        """Return the first update of each queue, unless in progress or paused; at most one for each free connection."""
        firsts: dict[Lane, Waiting] = {}
        for one in self.queue.waiting():
            firsts.setdefault(_lane(one), one)
        due = [one for lane, one in firsts.items() if lane not in self._under_way and self._waits_until(one) <= now]
        return due[: most - len(self._under_way)]

    def _waits_until(self, one: Waiting) -> float:
        return self._delays[one.id].until if one.id in self._delays else 0.0

    def _until_next(self, now: float) -> float:
        pauses = [delay.until - now for delay in self._delays.values() if delay.until > now]
        return min(pauses, default=LONGEST_PAUSE)

    async def _bring(self, http: httpx.AsyncClient, target: WebhookTarget, one: Waiting) -> None:
        headers = {SECRET_HEADER: target.secret} if target.secret else {}
        error, retry_after = "", 0
        try:
            answer = await http.post(target.url, json=one.update, headers=headers)
        except httpx.HTTPError as failure:
            error = _named(failure)
        else:
            if not answer.is_success:
                error = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
                with contextlib.suppress(ValueError):
                    retry_after = min(int(answer.headers.get("Retry-After", "0")), LONGEST_RETRY_AFTER)
        self._under_way.discard(_lane(one))
        if error:
            self.last_error = (int(self._now()), error)
            self._put_off(one, retry_after)
        else:
            self._delays.pop(one.id, None)
            self.queue.drop(one.id)
        self.queue.bell.ring()

    def _put_off(self, one: Waiting, retry_after: int) -> None:
        """Schedule a retry: the first is immediate, the next come after 2, 4, 8 … seconds, up to one or two minutes."""
        delay = self._delays.setdefault(one.id, _Delay())
        pause = float(retry_after)
        if not retry_after and delay.failures:
            pause = delay.pause = min(delay.pause * 2, random.uniform(LONGEST_PAUSE, 2 * LONGEST_PAUSE))
        delay.failures += 1
        delay.until = asyncio.get_running_loop().time() + pause / self.pace


def _lane(one: Waiting) -> Lane:
    where = one.payload.get("chat") or one.payload.get("from")
    return one.kind, where["id"] if isinstance(where, dict) else 0


def _named(failure: httpx.HTTPError) -> str:
    if isinstance(failure, httpx.ConnectError):
        return "Connection refused"
    return "Read timeout expired" if isinstance(failure, httpx.TimeoutException) else "Connection closed"

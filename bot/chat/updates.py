"""Incoming: from getUpdates into the inbox, from the inbox to the dispatcher, in order for each person in a chat."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot import metrics
from bot.chat.errors import TokenRefused
from bot.store import chats, inbox
from bot.store.database import Store

log = structlog.get_logger(__name__)

# Telegram keeps the previous list when none is sent, so it is always sent; only what is used is asked for.
WANTED = ("message", "callback_query", "my_chat_member", "chat_member")
LONG_POLL = 50
LONGEST_PAUSE = 30.0

Handle = Callable[[Update], Awaitable[None]]
# A chat and a person in it.
Lane = tuple[int, int]


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


class Updates:
    """Takes updates in and works them off: in order for each person in a chat, everybody else side by side, so that
    nobody who takes an incident waits for somebody else's slow answer.

    `handle` must not raise; `deadline` (seconds) ends a handler that hangs. `heard` is told of every update at
    once, before its turn comes; `polled` of every poll that succeeded, `conflict` when somebody else polls too.
    """

    def __init__(
        self,
        bot: UpdatesBot,
        store: Store,
        handle: Handle,
        *,
        clock: Callable[[], datetime],
        heard: Callable[[Update], None] = lambda _update: None,
        polled: Callable[[], None] = lambda: None,
        conflict: Callable[[], None] = lambda: None,
        deadline: float = 120.0,
    ) -> None:
        self._bot = bot
        self._store = store
        self._handle = handle
        self._clock = clock
        self._heard = heard
        self._polled = polled
        self._conflict = conflict
        self._deadline = deadline
        self._queues: dict[Lane, deque[tuple[int, Update | None]]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self.last_success: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set. Raises TokenRefused when Telegram does not know the token any more."""
        async with self._store.begin() as session:
            left_over = await inbox.unfinished(session)
        for update_id, payload in left_over.items():
            self._enqueue(update_id, payload)
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
                offset = await self._take_in(batch) or offset

    async def drain(self, within: float) -> None:
        """Let what is in hand finish, for at most `within` seconds; the rest stays in the inbox."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=within)
        for worker in self._workers:
            worker.cancel()

    def _alive(self) -> None:
        self.last_success = self._clock()
        metrics.LAST_UPDATES.set(self.last_success.timestamp())
        self._polled()

    async def _take_in(self, batch: Sequence[dict[str, Any]]) -> int | None:
        payloads = {int(update["update_id"]): update for update in batch}
        async with self._store.begin() as session:
            new = await inbox.take_in(session, payloads, self._clock())
            for payload in payloads.values():
                # Here and not in its turn: whoever writes in the new chat a moment later has the rights of the old one.
                if move := _move(payload):
                    await chats.move(session, *move, self._clock())
        for update_id in new:
            self._enqueue(update_id, payloads[update_id])
        return max(payloads) + 1 if payloads else None

    def _enqueue(self, update_id: int, payload: dict[str, Any]) -> None:
        update = self._parsed(update_id, payload)
        if update is not None:
            self._heard(update)
        lane = _lane(update)
        queue = self._queues.setdefault(lane, deque())
        queue.append((update_id, update))
        if len(queue) == 1:
            worker = asyncio.create_task(self._work_off(lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def _parsed(self, update_id: int, payload: dict[str, Any]) -> Update | None:
        try:
            return Update.de_json(payload, self._bot)
        except Exception:
            # Not the payload: it holds what people wrote.
            log.exception("update set aside: it cannot be parsed", update_id=update_id)
            return None

    async def _work_off(self, lane: Lane) -> None:
        queue = self._queues[lane]
        while queue:
            update_id, update = queue[0]
            try:
                if update is not None:
                    await self._handle_one(update)
                async with self._store.begin() as session:
                    await inbox.finish(session, update_id, self._clock())
            except SQLAlchemyError:
                # It stays unfinished in the inbox and comes again after a restart; the lane must not hang on it.
                log.exception("an update could not be marked as finished", update_id=update_id)
            queue.popleft()
        del self._queues[lane]

    async def _handle_one(self, update: Update) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._handle(update)
        except TimeoutError:
            log.error("an answer took too long and was given up", update_id=update.update_id)
        except Exception:
            log.exception("an update could not be handled", update_id=update.update_id)

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


def _move(payload: dict[str, Any]) -> tuple[int, int] | None:
    """The old and the new id of a group that became a supergroup, when this update says so."""
    match payload:
        case {"message": {"chat": {"id": int(old_id)}, "migrate_to_chat_id": int(new_id)}}:
            return old_id, new_id
        case {"message": {"chat": {"id": int(new_id)}, "migrate_from_chat_id": int(old_id)}}:
            return old_id, new_id
    return None


def _lane(update: Update | None) -> Lane:
    chat = update.effective_chat if update else None
    person = update.effective_user if update else None
    return (chat.id if chat else 0, person.id if person else 0)


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

"""Incoming: into the inbox, and from the inbox to the dispatcher, in order for each person in a chat."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot, Update

from bot.chat.doors import Door, door
from bot.store import chats, inbox
from bot.store.database import Store
from bot.supervision import first_line

log = structlog.get_logger(__name__)

# Telegram keeps the previous list when none is sent, so it is always sent; only what is used is asked for.
WANTED = ("message", "callback_query", "my_chat_member", "chat_member")

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

Handle = Callable[[Update], Awaitable[None]]
# A chat and a person in it.
Lane = tuple[int, int]


class Updates:
    """Takes updates in and works them off: in order for each person in a chat, everybody else side by side, so that
    nobody who takes an incident waits for somebody else's slow answer.

    `handle` raises only when the store refuses; `deadline` (seconds) ends a handler that hangs. `heard` is told of
    every update at once, before its turn comes; `doors` of a chat that lets the bot in or shuts it out, in the
    transaction that stores the update.
    """

    def __init__(
        self,
        bot: Bot,
        store: Store,
        handle: Handle,
        *,
        clock: Callable[[], datetime],
        heard: Callable[[Update], None] = lambda _update: None,
        doors: Callable[[AsyncSession, Door], Awaitable[None]] | None = None,
        deadline: float = 240.0,
    ) -> None:
        self._bot = bot
        self._store = store
        self._handle = handle
        self._clock = clock
        self._heard = heard
        self._doors = doors
        self._deadline = deadline
        self._queues: dict[Lane, deque[tuple[int, Update | None]]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    async def resume(self) -> None:
        """Take up what an earlier run took in and did not finish."""
        async with self._store.begin() as session:
            left_over = await inbox.unfinished(session)
        for update_id, payload in left_over.items():
            self._enqueue(update_id, payload)

    async def take_in(self, batch: Sequence[dict[str, Any]]) -> None:
        """Store them; once this returns they may be confirmed to Telegram."""
        payloads = {int(update["update_id"]): update for update in batch}
        async with self._store.begin() as session:
            new = await inbox.take_in(session, payloads, self._clock())
            for payload in payloads.values():
                # Here and not in its turn: whoever writes in the new chat a moment later has the rights of the old one.
                if move := _move(payload):
                    await chats.move(session, *move, self._clock())
                if self._doors is not None and (seen := door(payload)):
                    await self._doors(session, seen)
        for update_id in new:
            self._enqueue(update_id, payloads[update_id])

    async def drain(self, within: float) -> None:
        """Let what is in hand finish, for at most `within` seconds; the rest stays in the inbox."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=within)
        for worker in self._workers:
            worker.cancel()

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
                    await _while_the_store_refuses(partial(self._handle_one, update))
                await _while_the_store_refuses(partial(self._finish, update_id))
            except SQLAlchemyError as error:
                # It stays unfinished in the inbox and comes again after a restart; the lane must not hang on it.
                log.error("an update could not be finished", update_id=update_id, reason=first_line(error))
            queue.popleft()
        del self._queues[lane]

    async def _finish(self, update_id: int) -> None:
        async with self._store.begin() as session:
            await inbox.finish(session, update_id, self._clock())

    async def _handle_one(self, update: Update) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._handle(update)
        except TimeoutError:
            log.error("an answer took too long and was given up", update_id=update.update_id)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("an update could not be handled", update_id=update.update_id)


async def _while_the_store_refuses(deed: Callable[[], Awaitable[None]]) -> None:
    """Again and again, for some minutes. What was decided already is not done twice: the dispatcher sees to that."""
    for pause in PAUSES:
        try:
            return await deed()
        except SQLAlchemyError as error:
            log.warning("the store refuses; the update waits", reason=first_line(error))
            await asyncio.sleep(pause)
    return await deed()


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

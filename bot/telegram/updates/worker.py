"""Handle stored updates one by one: timeout, retry on database errors, completion in the inbox."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from telegram import Bot, Update

from bot.runtime.clock import Clock
from bot.store.database import Database, DatabaseError
from bot.store.database_errors import database_message
from bot.store.messages import inbox
from bot.telegram.updates.lanes import Item
from bot.telegram.updates.observer import UpdateObserver

log = structlog.get_logger(__name__)

RETRY_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# Updates left over are started one after another, each at most so long after the one before.
EXCLUSIVE_FOR = 15.0

Handle = Callable[[Update], Awaitable[None]]


class UpdateWorker:
    """Handler of one queued update at a time per lane. `handle` raises only SQLAlchemyError; `deadline` (seconds)
    cancels a handler that hangs."""

    def __init__(
        self, bot: Bot, database: Database, handle: Handle, observer: UpdateObserver, *, clock: Clock, deadline: float
    ) -> None:
        self._bot = bot
        self._database = database
        self._handle = handle
        self._observer = observer
        self._clock = clock
        self._deadline = deadline
        self._exclusive = asyncio.Lock()
        self._is_ending = False

    async def end(self) -> None:
        """Record a clean shutdown: updates that are still queued do not count as having ended the program."""
        self._is_ending = True
        try:
            with self._database.begin() as session:
                inbox.mark_clean_shutdown(session)
        except DatabaseError as error:
            log.error("database error, clean shutdown not recorded", reason=database_message(error))

    def parse(self, update_id: int, payload: dict[str, Any]) -> Update | None:
        """Return the parsed update; None if the library cannot parse it."""
        try:
            return Update.de_json(payload, self._bot)
        except Exception:
            # Not the payload: it holds messages of people.
            log.exception("update cannot be parsed, set aside", update_id=update_id)
            return None

    async def handle(self, item: Item) -> None:
        try:
            if item.recovered is not None:
                await self._handle_recovered(item, item.recovered)
            elif item.update is not None:
                await _retry_on_database_error(partial(self._handle_one, item.update))
            await _retry_on_database_error(partial(self._finish, item.update_id))
        except DatabaseError as error:
            # It stays unfinished in the inbox and is handled after a restart; the lane goes on.
            log.error(
                "database error, update left unfinished in the inbox",
                update_id=item.update_id,
                reason=database_message(error),
            )

    async def _handle_recovered(self, item: Item, payload: dict[str, Any]) -> None:
        """Handle an update left over, marked as begun: if the program ends again, the update that ended it is known."""
        async with self._exclusive:
            await _retry_on_database_error(partial(self._mark_begun, item.update_id))
            update = self.parse(item.update_id, payload)
            if update is None:
                return
            self._observer.on_update(update)
            handling = asyncio.create_task(_retry_on_database_error(partial(self._handle_one, update)))
            try:
                await asyncio.wait({handling}, timeout=EXCLUSIVE_FOR)
            except asyncio.CancelledError:
                handling.cancel()
                raise
        try:
            await handling
        except asyncio.CancelledError:
            handling.cancel()
            raise

    async def _mark_begun(self, update_id: int) -> None:
        if not self._is_ending:
            with self._database.begin() as session:
                inbox.mark_begun(session, update_id)

    async def _finish(self, update_id: int) -> None:
        with self._database.begin() as session:
            inbox.finish(session, update_id, self._clock())

    async def _handle_one(self, update: Update) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._handle(update)
        except TimeoutError:
            log.error("update handler timed out, cancelled", update_id=update.update_id)
        except DatabaseError:
            raise
        except Exception:
            log.exception("update handler failed", update_id=update.update_id)


async def _retry_on_database_error(operation: Callable[[], Awaitable[None]]) -> None:
    """Retry on a database error, for some minutes. The dispatcher does not repeat a decision that is stored."""
    for pause in RETRY_PAUSES:
        try:
            return await operation()
        except DatabaseError as error:
            log.warning("database error, update retried", reason=database_message(error))
            await asyncio.sleep(pause)
    return await operation()

"""Handle stored updates one by one: timeout, retry on database errors, completion in the inbox."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog
from telegram import Bot, Update

from bot.runtime.clock import Clock
from bot.store.database import Database, DatabaseError, Session
from bot.store.database_errors import database_message
from bot.store.messages import inbox
from bot.telegram.updates.lanes import Item
from bot.telegram.updates.observer import UpdateObserver

log = structlog.get_logger(__name__)

RETRY_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# Updates left over are started one after another, each at most so long after the one before.
EXCLUSIVE_FOR = 15.0

T = TypeVar("T")


class UpdateHandler(Protocol):
    def decide(self, session: Session, update: Update) -> Any:
        """Decide about a new update in the session that stores it; return the decision, or None to decide in
        `handle`."""

    def repeat(self, update_id: int) -> None:
        """Let `handle` take an update whose decision may be stored and was not carried out."""

    async def handle(self, update: Update, decided: Any = None) -> bool:
        """Handle an update, of which `decide` returned `decided` if it is the first attempt. Return True if it is
        finished in the inbox already. Raises only SQLAlchemyError."""


class UpdateWorker:
    """Handler of one queued update at a time per lane; `deadline` (seconds) cancels a handler that hangs."""

    def __init__(
        self,
        bot: Bot,
        database: Database,
        handler: UpdateHandler,
        observer: UpdateObserver,
        *,
        clock: Clock,
        deadline: float,
    ) -> None:
        self._bot = bot
        self._database = database
        self._handler = handler
        self._observer = observer
        self._clock = clock
        self._deadline = deadline
        self._exclusive = asyncio.Lock()
        self._is_ending = False

    async def end(self) -> None:
        """Record a clean shutdown: updates that are still queued do not count as having ended the program."""
        self._is_ending = True
        try:
            await self._database.run(inbox.mark_clean_shutdown)
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
            is_finished = False
            if item.recovered is not None:
                is_finished = await self._handle_recovered(item, item.recovered)
            elif item.update is not None:
                is_finished = await self._handle_new(item.update, item.decided)
            if not is_finished:
                await _retry_on_database_error(partial(self._finish, item.update_id))
        except DatabaseError as error:
            # It stays unfinished in the inbox and is handled after a restart; the lane goes on.
            log.error(
                "database error, update left unfinished in the inbox",
                update_id=item.update_id,
                reason=database_message(error),
            )

    async def _handle_new(self, update: Update, decided: Any) -> bool:
        try:
            return await self._handle_one(update, decided)
        except DatabaseError as error:
            log.warning("database error, update retried", reason=database_message(error))
            await asyncio.sleep(RETRY_PAUSES[0])
        return await _retry_on_database_error(partial(self._handle_one, update))

    async def _handle_recovered(self, item: Item, payload: dict[str, Any]) -> bool:
        """Handle an update left over, marked as begun: if the program ends again, the update that ended it is known."""
        async with self._exclusive:
            await _retry_on_database_error(partial(self._mark_begun, item.update_id))
            update = self.parse(item.update_id, payload)
            if update is None:
                return False
            self._observer.on_update(update)
            handling = asyncio.create_task(_retry_on_database_error(partial(self._handle_one, update)))
            try:
                await asyncio.wait({handling}, timeout=EXCLUSIVE_FOR)
            except asyncio.CancelledError:
                handling.cancel()
                raise
        try:
            return await handling
        except asyncio.CancelledError:
            handling.cancel()
            raise

    async def _mark_begun(self, update_id: int) -> None:
        if not self._is_ending:
            await self._database.run(inbox.mark_begun, update_id)

    async def _finish(self, update_id: int) -> None:
        await self._database.run(inbox.finish, update_id, self._clock())

    async def _handle_one(self, update: Update, decided: Any = None) -> bool:
        try:
            async with asyncio.timeout(self._deadline):
                return await self._handler.handle(update, decided)
        except TimeoutError:
            log.error("update handler timed out, cancelled", update_id=update.update_id)
        except DatabaseError:
            raise
        except Exception:
            log.exception("update handler failed", update_id=update.update_id)
        return False


async def _retry_on_database_error(operation: Callable[[], Awaitable[T]]) -> T:
    """Retry on a database error, for some minutes. The dispatcher does not repeat a decision that is stored."""
    for pause in RETRY_PAUSES:
        try:
            return await operation()
        except DatabaseError as error:
            log.warning("database error, update retried", reason=database_message(error))
            await asyncio.sleep(pause)
    return await operation()

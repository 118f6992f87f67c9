"""Delivery worker of the outbox: one task per chat, the most urgent message first, each row until its outcome is
known."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import partial

import structlog

from bot.access.policy import Destination
from bot.messages.message import Message, Rendered
from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.watchdog import Loop
from bot.store.database import Database, DatabaseError, Session
from bot.store.messages import blocked_chats, keyboards, outbox, outbox_queries
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Keyboard, Outgoing
from bot.telegram.delivery.outcome import DeliveryFleet, DeliveryOutcome
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError, Refused

log = structlog.get_logger(__name__)

CHECK_AT_LEAST_EVERY = 60.0
FINISH_TIMEOUT = 5.0
RETRY_AFTER = 1.0


class DeliveryWorker:
    """Delivery worker. `fleet` gets undeliverable messages and reopened chats, in the transaction that records them;
    `clock` gives the aware time; `loop` is the watchdog's."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        fleet: DeliveryFleet,
        clock: Clock,
        loop: Loop | None = None,
    ) -> None:
        self._outcome = DeliveryOutcome(database, clock, fleet)
        self._database = database
        self._sender = sender
        self._fleet = fleet
        self._clock = clock
        self._loop = loop or Loop()
        self._woken = asyncio.Event()
        self._workers: dict[int, asyncio.Task[bool]] = {}
        # Set for a chat that waits for the rate limits when a new message is queued for it.
        self._waiting: dict[int, asyncio.Event] = {}
        self._recheck: set[int] = set()
        self._is_ending = False

    def wake(self) -> None:
        """Look for queued messages now; call it after the transaction that queues one."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Start a task for each chat with due messages, until `stop`. Raises TokenRefused for a revoked token."""
        await self._restore()
        self._is_ending = False
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._loop.mark_alive()
                self._woken.clear()
                await self._start_chat_workers()
                await self._sleep(stopped)
                self._raise_failure()
        finally:
            stopped.cancel()
            await self._finish()

    async def _restore(self) -> None:
        now = self._clock()
        if interrupted := await self._database.run(outbox.recover_interrupted):
            log.warning("interrupted deliveries found, retried as possible repeats", count=interrupted)
        for chat, until in (await self._database.run(blocked_chats.flood_waits, now)).items():
            self._sender.pause_chat(chat, (until - now).total_seconds())

    async def deliver_due(self) -> bool:
        """Deliver all messages due now. Return True when one was tried, so that more may be due."""
        await self._start_chat_workers()
        return any(await asyncio.gather(*self._workers.values()))

    async def _start_chat_workers(self) -> None:
        chats = await self._database.run(_chats_with_due, self._clock())
        self._workers = {chat: worker for chat, worker in self._workers.items() if not worker.done() or _failed(worker)}
        for chat in chats:
            if chat in self._workers:
                self._recheck.add(chat)
                if chat in self._waiting:
                    self._waiting[chat].set()
            else:
                self._workers[chat] = asyncio.create_task(self._chat_worker(chat))
                self._workers[chat].add_done_callback(partial(self._chat_worker_ended, chat))

    def _chat_worker_ended(self, chat: int, worker: "asyncio.Task[bool]") -> None:
        if chat in self._recheck or worker.cancelled() or worker.exception() or worker.result():
            self._recheck.discard(chat)
            self.wake()

    async def _chat_worker(self, chat: int) -> bool:
        """Deliver the queue of one chat; return True when a message was tried."""
        tried = False
        while (urgency := await self._most_urgent(chat)) is not None and not self._is_ending:
            # Wait before a row is claimed: a row counts as being sent only while it really is.
            if not await self._reserve_call(chat, urgency):
                continue
            row = await self._database.run(_claim_first, chat, self._clock())
            if row is None:
                self._sender.not_needed(chat)
                return tried
            tried = True
            await self._deliver(row)
        return tried

    async def _most_urgent(self, chat: int) -> Urgency | None:
        return await self._database.run(outbox_queries.urgency_of_chat, chat, self._clock())

    async def _reserve_call(self, chat: int, urgency: Urgency) -> bool:
        """Wait for the rate limits; return False when a new message is queued, which may be more urgent."""
        enqueued = self._waiting[chat] = asyncio.Event()
        reservation = asyncio.create_task(self._sender.ready(chat, urgency))
        interruption = asyncio.create_task(enqueued.wait())
        try:
            await asyncio.wait({reservation, interruption}, return_when=asyncio.FIRST_COMPLETED)
            return reservation.done()
        finally:
            del self._waiting[chat]
            reservation.cancel()
            interruption.cancel()

    async def _deliver(self, row: Outgoing) -> None:
        try:
            message_id = await self._execute(row)
        except DeliveryError as error:
            await self._outcome.handle_error(row, error)
        except DatabaseError:
            # No fault of the message.
            raise
        except Exception as error:
            log.exception("message rendering failed", row=row.id, template=row.template)
            await self._outcome.handle_error(row, Refused(f"{type(error).__name__}: {error}"))
        else:
            metrics.DELIVERIES.labels("delivered").inc()
            await self._record_delivery(row, message_id)

    async def _record_delivery(self, row: Outgoing, message_id: int | None) -> None:
        """Record a delivery, and retry on a database error: otherwise the message is sent again."""
        while True:
            try:
                return await self._outcome.mark_delivered(row, message_id)
            except DatabaseError:
                if self._is_ending:
                    raise
                log.error("database error, delivery not recorded, retried", row=row.id)
                await asyncio.sleep(RETRY_AFTER)

    async def _execute(self, row: Outgoing) -> int | None:
        original, keyboard = await self._database.run(_original_and_keyboard, row)
        known_id = row.message_id or (original.message_id if original else None)
        if row.action == "send":
            return await self._send(row, known_id, keyboard)
        if known_id is None:
            # Its message was never delivered, or is in the group before its migration: no message to change.
            return None
        if row.action == "delete":
            await self._sender.delete(row.chat_id, known_id)
        else:
            zone, now = self._fleet.zone(row.facts.get("station", "")), self._clock()
            await self._sender.edit(
                row.chat_id,
                known_id,
                await self._checked_message(row, zone, now),
                zone=zone,
                now=now,
                keyboard=None if _is_poison(row) else keyboard,
                masked=row.masked,
                urgency=Urgency(row.urgency),
            )
        return known_id

    async def _send(self, row: Outgoing, reply_to: int | None, keyboard: Keyboard | None) -> int:
        zone, now = self._fleet.zone(row.facts.get("station", "")), self._clock()
        return await self._sender.send(
            Destination(row.chat_id, row.thread_id),
            await self._checked_message(row, zone, now),
            zone=zone,
            now=now,
            keyboard=None if _is_poison(row) else keyboard,
            reply_to=reply_to,
            repeat=row.possible_repeat,
            masked=row.masked,
            urgency=Urgency(row.urgency),
        )

    async def _checked_message(self, row: Outgoing, zone: tzinfo, now: datetime) -> Message | Rendered:
        """Return the message. One whose rendering may have ended the program is rendered first, and that recorded;
        after too many crashes the chat gets a note in its place."""
        if _is_poison(row):
            log.error(
                "message not shown, the program ended too often while rendering it", row=row.id, template=row.template
            )
            return Message("not_shown", {"station": row.facts.get("station", ""), "row": row.id}, silent=row.silent)
        message = _message(row)
        if row.crashes:
            message = self._sender.rendered(message, zone=zone, now=now, masked=row.masked)
            await self._database.run(outbox.mark_rendered, row.id)
        return message

    async def _sleep(self, stopped: "asyncio.Task[bool]") -> None:
        now = self._clock()
        following = await self._database.run(outbox_queries.next_after, now)
        pause = (following - now).total_seconds() if following else CHECK_AT_LEAST_EVERY
        woken = asyncio.create_task(self._woken.wait())
        await asyncio.wait(
            {woken, stopped}, timeout=min(pause, CHECK_AT_LEAST_EVERY), return_when=asyncio.FIRST_COMPLETED
        )
        woken.cancel()

    def _raise_failure(self) -> None:
        for worker in self._workers.values():
            if _failed(worker):
                worker.result()

    async def _finish(self) -> None:
        """Cancel waiting tasks at once, those with a request under way after a timeout of FINISH_TIMEOUT seconds."""
        self._is_ending = True
        workers = {chat: worker for chat, worker in self._workers.items() if not worker.done()}
        for chat, worker in workers.items():
            if chat in self._waiting:
                worker.cancel()
        if workers:
            _, late = await asyncio.wait(workers.values(), timeout=FINISH_TIMEOUT)
            for worker in late:
                worker.cancel()
        self._workers = {}


def _chats_with_due(session: Session, now: datetime) -> Sequence[int]:
    outbox_queries.follow_chat_migrations(session, now)
    metrics.OUTBOX.set(outbox.queued_count(session))
    return outbox_queries.chats_with_due(session, now)


def _claim_first(session: Session, chat: int, now: datetime) -> Outgoing | None:
    """Claim the first message of the chat, and return it detached from the session."""
    row = outbox_queries.first_of_chat(session, chat, now)
    if row is None:
        return None
    outbox_queries.detach(session, row)
    row.tried_at = now
    return row if outbox.claim(session, row.id, now) else None


def _original_and_keyboard(session: Session, row: Outgoing) -> tuple[Outgoing | None, Keyboard | None]:
    original = outbox_queries.find(session, row.about) if row.about else None
    keyboard = keyboards.find_keyboard(session, row.keyboard_id) if row.keyboard_id else None
    return original, keyboard


def _is_poison(row: Outgoing) -> bool:
    return row.crashes >= outbox.MAX_CRASHES


def _message(row: Outgoing) -> Message | Rendered:
    if row.template == outbox.RENDERED:
        return Rendered(row.html or "", silent=row.silent)
    return Message(row.template, row.facts, silent=row.silent)


def _failed(worker: "asyncio.Task[bool]") -> bool:
    return worker.done() and not worker.cancelled() and worker.exception() is not None

"""Outcome of a delivery attempt: delivered, queued for a retry, or dead-lettered."""

from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog

from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats, keyboards, outbox, supergroups
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Outgoing
from bot.telegram.errors import (
    ChatMoved,
    DeliveryError,
    MaybeDelivered,
    MessageGone,
    TokenRefused,
    TopicGone,
    TryLater,
    Undeliverable,
)

log = structlog.get_logger(__name__)

MAX_PAUSE = 60.0
MIN_UNCERTAIN_PAUSE = 2.0
# Attempts for a message refused for an unknown reason, which blocks the queue of its chat.
MAX_REFUSALS = 5


class DeliveryFleet(Protocol):
    """Decisions of the stations about a delivery."""

    def zone(self, name: str) -> tzinfo: ...

    def on_undeliverable(self, session: Session, message: Outgoing, reason: str, newly_closed: bool) -> str | None:
        """Notify others of a message that can never be delivered, in the session that dead-letters it; return their
        names. `newly_closed`: its chat was not known to be closed."""

    def on_chat_unblocked(self, session: Session, chat: int, since: datetime) -> None:
        """Update a chat that takes messages again, which it did not since then, in the caller's session."""


class DeliveryOutcome:
    def __init__(self, database: Database, clock: Clock, fleet: DeliveryFleet) -> None:
        self._database = database
        self._clock = clock
        self._fleet = fleet

    async def handle_error(self, row: Outgoing, error: DeliveryError) -> None:
        """Queue the message for a retry, or dead-letter it, as the error demands. Raises TokenRefused."""
        metrics.DELIVERIES.labels(type(error).__name__).inc()
        pause = min(MAX_PAUSE, 2.0 ** min(row.attempts, 10))
        match error:
            case TokenRefused():
                await self._reschedule(row, 0.0, str(error))
                raise error
            case TryLater() if error.is_flood_limit:
                await self._reschedule(row, error.after, str(error), flood_limit=True)
            case TryLater():
                await self._reschedule(row, pause, str(error))
            case MaybeDelivered():
                await self._reschedule(row, max(pause, MIN_UNCERTAIN_PAUSE), str(error), possible_repeat=True)
            case MessageGone():
                await self.mark_delivered(row, None)
            case ChatMoved():
                await self._database.run(supergroups.migrate, row.chat_id, error.new_id, self._clock())
                await self.mark_delivered(row, None)
            case _ if isinstance(error, Undeliverable | TopicGone) or row.refusals + 1 >= MAX_REFUSALS:
                await self._dead_letter(row, error)
            case _:
                await self._reschedule(row, pause, str(error), refused=True)

    async def _dead_letter(self, row: Outgoing, error: DeliveryError) -> None:
        log.error("outbox message undeliverable, dead-lettered", row=row.id, chat=row.chat_id, reason=str(error))
        await self._database.run(self._store_dead_letter, row, error)

    def _store_dead_letter(self, session: Session, row: Outgoing, error: DeliveryError) -> None:
        is_blocked = isinstance(error, Undeliverable) or _is_general_closed(row, error)
        newly = is_blocked and blocked_chats.close(session, row.chat_id, str(error), row.tried_at or self._clock())
        fallback = self._fleet.on_undeliverable(session, row, str(error), newly)
        outbox.dead_letter(session, row.id, str(error), fallback)

    async def _reschedule(
        self,
        row: Outgoing,
        seconds: float,
        error: str,
        *,
        possible_repeat: bool = False,
        refused: bool = False,
        flood_limit: bool = False,
    ) -> None:
        log.info("outbox delivery failed, retried", row=row.id, chat=row.chat_id, seconds=seconds, reason=error)
        not_before = self._clock() + timedelta(seconds=seconds)
        await self._database.run(
            _reschedule,
            row,
            not_before,
            error,
            possible_repeat=possible_repeat,
            refused=refused,
            flood_limit=flood_limit,
        )

    async def mark_delivered(self, row: Outgoing, message_id: int | None) -> None:
        await self._database.run(self._mark_delivered, row, message_id, self._clock())

    def _mark_delivered(self, session: Session, row: Outgoing, message_id: int | None, now: datetime) -> None:
        outbox.mark_sent(session, row.id, message_id, now)
        if message_id is None:
            return
        if row.keyboard_id is not None:
            keyboards.set_message_id(session, row.keyboard_id, message_id)
        opened = blocked_chats.reopen(session, [row.chat_id], now, in_topic=row.thread_id is not None)
        for chat, since in opened.items():
            self._fleet.on_chat_unblocked(session, chat, since)


def _reschedule(
    session: Session,
    row: Outgoing,
    not_before: datetime,
    error: str,
    *,
    possible_repeat: bool,
    refused: bool,
    flood_limit: bool,
) -> None:
    outbox.reschedule(session, row.id, not_before, error, possible_repeat=possible_repeat, refused=refused)
    if flood_limit:
        blocked_chats.store_flood_wait(session, row.chat_id, not_before)


def _is_general_closed(row: Outgoing, error: DeliveryError) -> bool:
    """Return True for an alert to a closed General topic, which no other topic replaces. A command may be answered in
    the topic it came from."""
    return isinstance(error, TopicGone) and row.action == "send" and row.urgency != Urgency.ANSWER

"""Targets of messages: the next best one if a chat, topic or message is gone, and the newest message of a chat."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

import structlog

from bot.access.policy import Destination
from bot.store.database import Database
from bot.store.messages import supergroups
from bot.telegram.errors import ChatMoved, DeliveryError, MessageGone, TopicGone

log = structlog.get_logger(__name__)

# Chats whose newest message is remembered.
MAX_CACHED = 1000


class SendTarget(NamedTuple):
    to: Destination
    reply_to: int | None


async def not_notified(_topic: Destination) -> None:
    return None


class LastMessages:
    """Id of the newest message known in each chat: a hint, kept in memory, that a message has scrolled away."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}

    def __call__(self, chat: int) -> int | None:
        return self._ids.get(chat)

    def observe(self, chat: int, message: int) -> None:
        if chat not in self._ids and len(self._ids) >= MAX_CACHED:
            self._ids.pop(next(iter(self._ids)))
        self._ids[chat] = max(message, self._ids.get(chat, 0))


class Redirects:
    """Next best targets. `topic_lost` is called once for each topic whose messages go to General instead."""

    def __init__(self, database: Database, topic_lost: Callable[[Destination], Awaitable[None]] = not_notified) -> None:
        self._database = database
        self._topic_lost = topic_lost
        self._lost_topics: set[Destination] = set()

    async def next_best(self, target: SendTarget, error: DeliveryError, now: datetime) -> SendTarget:
        """Return the target to send to instead; raise the error when there is none."""
        to = target.to
        if isinstance(error, ChatMoved) and error.new_id != to.chat:
            log.warning("group migrated to a supergroup", old=to.chat, new=error.new_id)
            await self._database.run(supergroups.migrate, to.chat, error.new_id, now)
            return SendTarget(Destination(error.new_id), None)
        if isinstance(error, TopicGone) and to.thread is not None:
            if to not in self._lost_topics:
                self._lost_topics.add(to)
                log.warning("topic not found, messages sent to General", chat=to.chat, topic=to.thread)
                await self._topic_lost(to)
            return SendTarget(Destination(to.chat), None)
        if isinstance(error, MessageGone) and target.reply_to is not None:
            return SendTarget(to, None)
        raise error

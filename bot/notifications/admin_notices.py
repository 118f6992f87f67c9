"""Notifications to the administrators about the bot itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.notifications.destinations import Destinations
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database, DatabaseError, Session
from bot.store.database_errors import database_message
from bot.store.messages import outbox
from bot.store.messages.outbox import Urgency

log = structlog.get_logger(__name__)


class AdminNotices:
    """`wake` wakes the delivery worker."""

    def __init__(
        self,
        database: Database,
        destinations: Destinations,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._database = database
        self._destinations = destinations
        self._clock = clock
        self._wake = wake

    async def all(self) -> Sequence[int]:
        """Return every administrator, reachable or not."""
        return await self._database.run(self._destinations.every_admin, self._clock())

    def reachable(self, session: Session) -> Sequence[int]:
        """Return the administrators whose private chats are not known to be closed."""
        return self._destinations.admins(session, self._clock())

    async def send(self, template: str, facts: Mapping[str, Any]) -> None:
        """Queue the notification in a transaction of its own. A database error is logged, never raised."""
        try:
            await self._database.run(self.enqueue, template, facts)
        except DatabaseError as error:
            log.error("database error, administrators not notified", what=template, reason=database_message(error))
        else:
            self._wake.send()

    def enqueue(self, session: Session, template: str, facts: Mapping[str, Any]) -> Sequence[int]:
        """Queue the notification for each reachable administrator in the caller's session and return them. The caller
        wakes the delivery worker after the commit."""
        now = self._clock()
        told = self.reachable(session)
        if not told:
            log.error("no administrator is reachable", what=template, **facts)
        for person in told:
            outbox.enqueue(
                session,
                chat_id=person,
                thread_id=None,
                template=template,
                facts=dict(facts),
                now=now,
                urgency=Urgency.RESOLVE,
            )
        return told

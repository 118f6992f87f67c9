"""Source of updates, by polling or webhook."""

from typing import TYPE_CHECKING

import structlog

from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.watchdog import Loop
from bot.telegram.updates.foreign_webhook import ForeignWebhook, WebhookNotice, host_of
from bot.telegram.updates.queue import UpdateQueue

if TYPE_CHECKING:
    from datetime import datetime

log = structlog.get_logger(__name__)


class SourceObserver:
    """Callbacks of the source, without effect by default."""

    def polled(self) -> None:
        """Updates were received, so no other program takes them."""

    def conflict(self) -> None:
        """Observe another program that takes updates with the same token."""

    async def webhook_found(self, host: str, notice: WebhookNotice) -> None:
        """Observe the deletion of a webhook that the bot did not set; `notice` is the notification due."""


class UpdateSource:
    """Source of updates. `last_success` is the time at which updates were last received, or confirmed to be none;
    `loop` is the watchdog's."""

    def __init__(
        self,
        updates: UpdateQueue,
        *,
        clock: Clock,
        observer: SourceObserver | None = None,
        loop: Loop | None = None,
    ) -> None:
        self._updates = updates
        self._clock = clock
        self._observer = observer or SourceObserver()
        self._foreign = ForeignWebhook()
        self._loop = loop or Loop()
        self.last_success: datetime | None = None

    def _record_success(self) -> None:
        self.last_success = self._clock()
        metrics.LAST_UPDATES.set(self.last_success.timestamp())

    async def _deleted_foreign_webhook(self, url: str) -> None:
        host = host_of(url)
        log.warning("webhook of another program found for this token, deleted", host=host)
        if (notice := self._foreign.deleted(self._clock())) is not None:
            await self._observer.webhook_found(host, notice)

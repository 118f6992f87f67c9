"""Source of updates, by polling or webhook."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.runtime import metrics
from bot.telegram.updates.foreign_webhook import ForeignWebhook, Telling, host_of
from bot.telegram.updates.queue import Updates

log = structlog.get_logger(__name__)

WebhookFound = Callable[[str, Telling], Awaitable[None]]


async def _nobody_told(_host: str, _telling: Telling) -> None:
    return None


class Source:
    """Callbacks: `webhook_found` gets the host of a webhook set by another program, and the notification that is due;
    `polled` is called when it is certain that no other program takes the updates, `conflict` when one does, `turned` in
    each round of the loop, for the watchdog. `last_success` is the time at which updates last certainly arrived."""

    def __init__(
        self,
        updates: Updates,
        *,
        clock: Callable[[], datetime],
        webhook_found: WebhookFound = _nobody_told,
        polled: Callable[[], None] = lambda: None,
        conflict: Callable[[], None] = lambda: None,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._updates = updates
        self._clock = clock
        self._webhook_found = webhook_found
        self._foreign = ForeignWebhook()
        self._polled = polled
        self._conflict = conflict
        self._turned = turned
        self.last_success: datetime | None = None

    def _alive(self) -> None:
        self.last_success = self._clock()
        metrics.LAST_UPDATES.set(self.last_success.timestamp())

    async def _deleted_foreign_webhook(self, url: str) -> None:
        host = host_of(url)
        log.warning("webhook of another program found for this token, deleted", host=host)
        if (telling := self._foreign.deleted(self._clock())) is not None:
            await self._webhook_found(host, telling)

"""Where updates come from, by whatever way: what it is built of, and when it was last heard."""

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
    """`webhook_found` is told of a webhook that somebody else has set, its host and how much is to be said of it;
    `polled` is told whenever it is certain that nobody else takes our updates, `conflict` when somebody does,
    `turned` that the work goes on, whatever came of it. `last_success` is when updates were last certain to arrive."""

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
        log.warning("webhook of another program found and deleted", host=host)
        if (telling := self._foreign.deleted(self._clock())) is not None:
            await self._webhook_found(host, telling)

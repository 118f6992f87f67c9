"""What is not taken in: counted, and said in the log now and then."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot import metrics

log = structlog.get_logger(__name__)

SAY_AGAIN_AFTER = timedelta(minutes=1)


class Untaken:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._said_at: datetime | None = None
        self._unsaid = 0

    def of_no_use(self) -> None:
        metrics.NOT_TAKEN.labels("of no use").inc()

    def too_many_of_one(self) -> None:
        metrics.NOT_TAKEN.labels("too many of one person").inc()

    def too_many_of_strangers(self) -> None:
        """A line a minute: who shouts must not fill the log either."""
        metrics.NOT_TAKEN.labels("too many of strangers").inc()
        self._unsaid += 1
        now = self._clock()
        if self._said_at is None or not timedelta() <= now - self._said_at < SAY_AGAIN_AFTER:
            log.warning("strangers send more than is read of them; see /metrics", not_read=self._unsaid)
            self._said_at, self._unsaid = now, 0

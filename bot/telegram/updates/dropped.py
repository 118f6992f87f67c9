"""Updates dropped before they are stored: a metric, a log line a minute, and the chats to notify."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.telegram.updates.lanes import Lanes
from bot.telegram.updates.summary import UpdateSummary

log = structlog.get_logger(__name__)

LOG_AGAIN_AFTER = timedelta(minutes=1)
NOTIFY_AGAIN_AFTER = timedelta(minutes=10)


class DroppedUpdates:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logged_at: datetime | None = None
        self._unlogged = 0

    def irrelevant(self) -> None:
        metrics.DROPPED.labels("irrelevant").inc()

    def queue_full(self) -> None:
        metrics.DROPPED.labels("queue full").inc()

    def rate_limited(self) -> None:
        """Count an update of a stranger. Logged once a minute at most: a flood must not fill the log."""
        metrics.DROPPED.labels("rate limited").inc()
        self._unlogged += 1
        now = self._clock()
        if self._logged_at is None or not timedelta() <= now - self._logged_at < LOG_AGAIN_AFTER:
            log.warning("updates of strangers dropped, rate limit exceeded", dropped=self._unlogged)
            self._logged_at, self._unlogged = now, 0


class DropNotices:
    """Chats that were notified of a full queue: a group again after NOTIFY_AGAIN_AFTER, a private chat once its
    queue has been empty.

    Measured with one notification a member: 30 of them queued 810 such messages for the alert group.
    """

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._notified_at: dict[int, datetime] = {}

    def due(self, full: Mapping[int, UpdateSummary]) -> dict[int, UpdateSummary]:
        """Return those of the full chats that are to be notified now."""
        self._notified_at = {chat: at for chat, at in self._notified_at.items() if self._is_notified(chat, at)}
        # A press under an inline message has no chat.
        return {chat: summary for chat, summary in full.items() if chat and chat not in self._notified_at}

    def mark_notified(self, chats: Mapping[int, UpdateSummary]) -> None:
        self._notified_at |= dict.fromkeys(chats, self._clock())

    def _is_notified(self, chat: int, at: datetime) -> bool:
        return (
            self._lanes.length_in_chat(chat) > 0 if chat > 0 else timedelta() <= self._clock() - at < NOTIFY_AGAIN_AFTER
        )

"""Webhook set by another program for the bot's token: Telegram sends it the updates and refuses getUpdates.

It is deleted; one that is set again and again is deleted after a pause that doubles each time, so that two programs do
not fight every second.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from telegram.error import Conflict

# Set again within that time, it is no single mistake.
RESET_AFTER = timedelta(hours=1)
FIRST_PAUSE, MAX_PAUSE = 2.0, 60.0
REPEATED_AT = 3


class WebhookNotice(StrEnum):
    """Notification that people get."""

    ONCE = "once"
    REPEATED = "again and again"


class ForeignWebhook:
    def __init__(self) -> None:
        self._times = 0
        self._latest: datetime | None = None

    def pause(self, now: datetime) -> float:
        """Return the seconds to wait before it is deleted."""
        self._reset_if_old(now)
        return min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** min(self._times - 1, 10)) if self._times else 0.0

    def deleted(self, now: datetime) -> WebhookNotice | None:
        """Count a deletion; return the notification that is due."""
        self._reset_if_old(now)
        self._latest = now
        self._times += 1
        return {1: WebhookNotice.ONCE, REPEATED_AT: WebhookNotice.REPEATED}.get(self._times)

    def _reset_if_old(self, now: datetime) -> None:
        if self._latest is not None and now - self._latest > RESET_AFTER:
            self._times = 0


def is_of_webhook(conflict: Conflict) -> bool:
    """Return True for a poll that Telegram ends or refuses because of a webhook: "can't use getUpdates method while
    webhook is active", "terminated by setWebhook request"."""
    return "webhook" in str(conflict).lower()


def host_of(url: str) -> str:
    """Return the host alone: an address may hold a secret."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"

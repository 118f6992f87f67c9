"""A webhook that somebody else has set for our token: then Telegram brings them the updates and lets nobody poll.

It is no second copy that polls. It is deleted; and where it comes again and again, each time only after a longer pause,
so that two programs do not fight every second.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from telegram.error import Conflict

# Whoever sets it again within that time does so by a habit, and not once by mistake.
FORGOTTEN_AFTER = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
IS_A_HABIT = 3


class Telling(StrEnum):
    """What people are told of it."""

    ONCE = "once"
    AGAIN_AND_AGAIN = "again and again"


class ForeignWebhook:
    def __init__(self) -> None:
        self._times = 0
        self._latest: datetime | None = None

    def pause(self, now: datetime) -> float:
        """Seconds to wait before it is deleted (again)."""
        self._forget(now)
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._times - 1, 10)) if self._times else 0.0

    def deleted(self, now: datetime) -> Telling | None:
        """What to say of it, if anything."""
        self._forget(now)
        self._latest = now
        self._times += 1
        return {1: Telling.ONCE, IS_A_HABIT: Telling.AGAIN_AND_AGAIN}.get(self._times)

    def _forget(self, now: datetime) -> None:
        if self._latest is not None and now - self._latest > FORGOTTEN_AFTER:
            self._times = 0


def is_of_webhook(conflict: Conflict) -> bool:
    """Telegram ends a poll, or lets none begin, because of a webhook: "can't use getUpdates method while webhook is
    active", "terminated by setWebhook request"."""
    return "webhook" in str(conflict).lower()


def host_of(url: str) -> str:
    """Only that: an address may hold a secret."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"

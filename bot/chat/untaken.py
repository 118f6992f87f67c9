"""What is not taken in: counted, said in the log now and then, and told to its chats, but not again and again."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot import metrics
from bot.chat.glance import Glance

log = structlog.get_logger(__name__)

SAY_AGAIN_AFTER = timedelta(minutes=1)
TELL_AGAIN_AFTER = timedelta(minutes=10)


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


class Told:
    """Which chats know that the rest is not read: a group for ten minutes, whoever sends too much there; a person in
    private until all of theirs is worked off. `waits` says how much of a chat is in hand.

    Measured when each member was told by name: 30 of them made the bot owe 810 such messages to the alert group.
    """

    def __init__(self, clock: Callable[[], datetime], waits: Callable[[int], int]) -> None:
        self._clock = clock
        self._waits = waits
        self._at: dict[int, datetime] = {}

    def not_yet(self, full: Mapping[int, Glance]) -> dict[int, Glance]:
        """Of the chats that are full, those to be told now."""
        self._at = {chat: at for chat, at in self._at.items() if self._remembers(chat, at)}
        # A press under what was sent through somebody else has no chat.
        return {chat: seen for chat, seen in full.items() if chat and chat not in self._at}

    def told(self, chats: Mapping[int, Glance]) -> None:
        self._at |= dict.fromkeys(chats, self._clock())

    def _remembers(self, chat: int, at: datetime) -> bool:
        return self._waits(chat) > 0 if chat > 0 else timedelta() <= self._clock() - at < TELL_AGAIN_AFTER

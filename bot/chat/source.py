"""Where updates come from, by whatever way: what it is built of, and when it was last heard."""

from collections.abc import Callable
from datetime import datetime

from bot import metrics
from bot.chat.updates import Updates


class Source:
    """`polled` is told whenever it is certain that nobody else takes our updates, `conflict` when somebody does,
    `turned` that the work goes on, whatever came of it. `last_success` is when updates were last certain to arrive."""

    def __init__(
        self,
        updates: Updates,
        *,
        clock: Callable[[], datetime],
        polled: Callable[[], None] = lambda: None,
        conflict: Callable[[], None] = lambda: None,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._updates = updates
        self._clock = clock
        self._polled = polled
        self._conflict = conflict
        self._turned = turned
        self.last_success: datetime | None = None

    def _alive(self) -> None:
        self.last_success = self._clock()
        metrics.LAST_UPDATES.set(self.last_success.timestamp())

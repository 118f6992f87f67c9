"""Duration of a conflict with another copy that polls with the same token, and the choice of the copy that ends.

Telegram ends the older poll whenever a newer one begins, so that both copies meet conflicts in turn, and each takes
updates away from the other. A copy ends at a conflict: then the other one polls, and from then on meets none.
"""

from datetime import datetime, timedelta

# So long without a conflict proves that no other copy polls. Two copies meet in less: see MAX_PAUSE.
CLEAR_AFTER = timedelta(seconds=60)
MAX_PAUSE = 10.0
# A restart is over by then, and people have been notified.
END_AFTER = timedelta(minutes=3)
# A copy that polled alone before lets the other one end first.
EXTRA_DELAY = timedelta(minutes=1)


class Conflicts:
    def __init__(self, started: datetime) -> None:
        self._started = started
        self._since: datetime | None = None
        self._latest = started

    def record(self, now: datetime) -> timedelta | None:
        """Record a conflict; return the duration of all of them once this copy is to end."""
        if self._since is None or now - self._latest >= CLEAR_AFTER:
            self._since = now
        self._latest = now
        was_alone = self._since - self._started >= CLEAR_AFTER
        lasted = now - self._since
        return lasted if lasted >= END_AFTER + (EXTRA_DELAY if was_alone else timedelta(0)) else None

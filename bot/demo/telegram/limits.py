"""Public rate limits: about one message a second in a chat, 20 a minute in a group, 30 a second overall."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

BURST = 3
CHAT_PER_SECOND = 1.0
GROUP_PER_MINUTE = 20
OVERALL_PER_SECOND = 30
# Calls that concern the bot itself; Telegram does not publish this limit.
PROFILE_PER_MINUTE = 60
PROFILE_BURST = 20, 10.0


@dataclass
class _Window:
    size: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        return 0.0 if len(self.times) < self.size else self.times[0] + self.seconds - now


@dataclass
class _Bucket:
    at: float
    drops: float = BURST

    def wait(self, now: float) -> float:
        self.drops = min(BURST, self.drops + max(now - self.at, 0) * CHAT_PER_SECOND)
        self.at = now
        return 0.0 if self.drops >= 1 else (1 - self.drops) / CHAT_PER_SECOND


class PublicLimits:
    def __init__(self, now: Callable[[], float]) -> None:
        self.enforced = True
        self._now = now
        self._overall = _Window(OVERALL_PER_SECOND, 1.0)
        self._groups: dict[int, _Window] = defaultdict(lambda: _Window(GROUP_PER_MINUTE, 60.0))
        self._chats: dict[int, _Bucket] = {}
        self._profile = (_Window(*PROFILE_BURST), _Window(PROFILE_PER_MINUTE, 60.0))

    def spend_profile(self) -> int:
        """Count one change of a command menu. Return 0, or the seconds to wait."""
        if not self.enforced:
            return 0
        now = self._now()
        wait = max(window.wait(now) for window in self._profile)
        if wait > 0:
            return math.ceil(wait)
        for window in self._profile:
            window.times.append(now)
        return 0

    def spend(self, chat_id: int) -> int:
        """Count one message, edit or delete. Return 0, or the seconds to wait if the limit is exceeded."""
        if not self.enforced:
            return 0
        now = self._now()
        bucket = self._chats.setdefault(chat_id, _Bucket(now))
        windows = [self._overall, *([self._groups[chat_id]] if chat_id < 0 else [])]
        wait = max(bucket.wait(now), *(window.wait(now) for window in windows))
        if wait > 0:
            return math.ceil(wait)
        bucket.drops -= 1
        for window in windows:
            window.times.append(now)
        return 0

"""Machine of a stand-in PBX: its start and its restarts."""

from collections.abc import Callable

_UP_FOR = 12 * 86_400 + 11_075
# A real one takes longer; a visitor of the demo waits for it.
_RESTART_SECONDS = 3


class Machine:
    """`started` is unix seconds. While it restarts nothing answers."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._restarts_until = float("-inf")
        self.started = now() - _UP_FOR

    def restart(self, speed: float) -> None:
        self.started = self._now()
        self._restarts_until = self.started + _RESTART_SECONDS / speed

    @property
    def is_restarting(self) -> bool:
        return self._now() < self._restarts_until

"""Log of the bot's calls and their responses, without the token."""

from collections import deque
from collections.abc import Callable

from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.model import Json

CALLS_KEPT = 5000


class Log:
    """`heard` is called after a call was carried out or refused, before the response is sent."""

    def __init__(self, now: Callable[[], float], heard: Callable[[Json], None] = lambda _call: None) -> None:
        self.heard = heard
        self._now = now
        self._calls: deque[tuple[int, Json]] = deque(maxlen=CALLS_KEPT)
        self._seq = 0

    def add(self, method: str, params: Params, status: int, outcome: Json) -> None:
        self._seq += 1
        call: Json = {"seq": self._seq, "at": self._now(), "method": method, "params": params.shown(), "status": status}
        call |= {"ok": status == 200} | outcome
        self._calls.append((self._seq, call))
        self.heard(call)

    def after(self, seq: int) -> list[Json]:
        return [call for number, call in self._calls if number > seq]

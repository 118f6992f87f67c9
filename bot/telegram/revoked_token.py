"""Detection of a revoked token among errors that come from elsewhere.

A proxy, a captive portal or a Bot API server that is being restarted answers 401, 404 or 409 too, and so did Telegram
itself for a moment. None of that may end the bot, which then stays down until an administrator restarts it.
"""

import json
import re
from http import HTTPStatus

from bot.telegram.errors import Away

# So long the token must be refused, without an answer that proves it valid.
CONFIRMED_AFTER = 300.0
# Two refusals further apart prove no continuous refusal.
MAX_GAP = 120.0
REFUSES_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
SUCCESS = re.compile(rb'\A\s*\{\s*"ok"\s*:\s*true')


class RevokedToken:
    """State of one token over all connections. `now` is in monotonic seconds. A refusal is believed after
    `confirmed_after` seconds of it."""

    def __init__(self, confirmed_after: float = CONFIRMED_AFTER) -> None:
        self._confirmed_after = confirmed_after
        self._since: float | None = None
        self._latest = 0.0

    def record(self, status: int, body: bytes, now: float) -> None:
        """Record an answer. Raises Away when it is not Telegram's, or refuses a token that may still be valid."""
        if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            if SUCCESS.match(body):
                self._since = None
            return
        if not _is_bot_api_error(body):
            raise Away(f"something that is not Telegram answers in its place (HTTP {status})")
        if status not in REFUSES_TOKEN:
            self._since = None
            return
        if self._since is None or now - self._latest > MAX_GAP:
            self._since = now
        self._latest = now
        if now - self._since < self._confirmed_after:
            minutes = self._confirmed_after / 60
            raise Away(f"TELEGRAM_TOKEN is refused (HTTP {status}); that is believed after {minutes:.0f} minutes of it")


def _is_bot_api_error(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    match found:
        case {"ok": False, "error_code": int()}:
            return True
    return False

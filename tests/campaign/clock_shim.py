"""Clock shim, imported by the program first: read the clock's offset from a file, and lift the rate limits."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import application
from bot.telegram.delivery import rate_limiter

CLOCK = "CAMPAIGN_CLOCK"


def bent_now() -> datetime:
    # In a session shifted to another day, `time.time` is shifted and the machine's clock is not.
    return datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=float(Path(os.environ[CLOCK]).read_text() or 0))


def bend() -> None:
    application.utc_now = bent_now
    rate_limiter.GROUP_LIMIT = (1000, 61.0)
    rate_limiter.CHAT_LIMIT = (30, 3.2)


if CLOCK in os.environ:
    bend()

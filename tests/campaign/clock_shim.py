"""Imported in the process of the program before it begins: its clock obeys a file, and it may speak faster. What is
tried here is what happens under faults, and Telegram's pace is tried elsewhere."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import application
from bot.telegram.delivery import rate_limiter

CLOCK = "CAMPAIGN_CLOCK"


def bent_now() -> datetime:
    # Where a session is shifted to another day, the time of its programs is, and the machine's is not.
    return datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=float(Path(os.environ[CLOCK]).read_text() or 0))


def bend() -> None:
    application.utc_now = bent_now
    rate_limiter.IN_GROUP = (1000, 61.0)
    rate_limiter.IN_CHAT = (30, 3.2)


if CLOCK in os.environ:
    bend()

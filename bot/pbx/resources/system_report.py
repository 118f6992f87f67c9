"""Parse the report on the PBX's system: text that it makes for people, by release. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.pbx.schema import MAX_TEXT

# First block of the report. Measured.
VERSION = re.compile(r"PBXVersion\W+(\d[\w.-]*)")
# Heading of the block with a line of `uptime`, and the longest line that is read.
UPTIME_HEADING = "─ Uptime ─"
MAX_LINE = 200
UP = re.compile(r"\bup\b")
# Measured: ` 17:38:46 up  1:45,  0 users,  load average: …`. Busybox and procps write `3 min` in the first hour, and
# `12 days,` before either; `uptime -p` and other systems write the other units.
PART = re.compile(
    r"[,\s]{0,4}(?:(\d{1,2}):(\d\d)(?![\d:])|(\d{1,5})\s{0,4}(week|day|hour|hr|min|sec)[a-z]{0,4}\b)", re.ASCII
)
UNITS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "hr": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "sec": timedelta(seconds=1),
}
# More is no uptime: Linux is younger.
MAX_UPTIME = timedelta(days=10_000)


@dataclass(frozen=True, slots=True)
class SystemReport:
    """Release, like 2026.1.233-dev, and for how long the machine has been up, to the minute; None if not told."""

    release: str | None = None
    uptime: timedelta | None = None


def read_report(text: str) -> SystemReport:
    found = VERSION.search(text)
    return SystemReport(found[1][:MAX_TEXT] if found else None, _uptime(text))


def _uptime(text: str) -> timedelta | None:
    block = text.partition(UPTIME_HEADING)[2].lstrip("─").lstrip()
    line = block[:MAX_LINE].partition("\n")[0]
    start = UP.search(line)
    return read_uptime(line[start.end() :]) if start else None


def read_uptime(text: str) -> timedelta | None:
    """Return the sum of the parts that `text` begins with: `12 days, 3:04, 1 user` is 12 days, 3 hours and 4 minutes.
    None without any part, or beyond MAX_UPTIME."""
    total, place = timedelta(0), 0
    while (part := PART.match(text, place)) is not None:
        hours, minutes, count, unit = part.groups()
        total += UNITS[unit] * int(count) if unit else timedelta(hours=int(hours), minutes=int(minutes))
        place = part.end()
    return total if place and total <= MAX_UPTIME else None

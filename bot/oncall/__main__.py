"""Reads a calendar in a process of its own, which can be ended: `python -m bot.oncall ZONE NOW < calendar.ics`.

It prints the events as JSON. A calendar that asks for more than this much time or memory is none.
"""

import json
import resource
import sys
from datetime import datetime

from bot.oncall.calendar import NotACalendar, read

SECONDS = 5
BYTES = 1 << 30
REFUSED = 3


def main(zone: str, now: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    try:
        events = read(sys.stdin.buffer.read().decode("utf-8", "replace"), zone, datetime.fromisoformat(now))
    except NotACalendar:
        return REFUSED
    json.dump([[event.title, event.begins.isoformat(), event.ends.isoformat()] for event in events], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

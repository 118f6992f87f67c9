"""From a time on the wall to a moment, on every night of the year. Pure.

Twice a year the clocks of most places are changed: some times on the wall then never come, and some come twice.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OFFSET = re.compile(r"UTC([+-])(\d{2}):(\d{2})")
SECOND = timedelta(seconds=1)


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo:
    """The zone that writes itself like this: `Europe/Moscow`, or `UTC+03:00` of a station whose zone has no name.
    A name that nobody knows any more counts as UTC."""
    if (offset := OFFSET.fullmatch(name)) is not None:
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-length if offset[1] == "-" else length)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(wall: datetime, zone: tzinfo) -> datetime:
    """When the wall shows `wall`: the first time, when it does twice; when it never does, the moment at which the
    clocks jump over it."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second >= first:
        return first
    # Before a jump the earlier offset holds, after it the later one: the jump lies between the two readings.
    before, after = second, first
    jumped = after.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == jumped:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def wall_of(at: datetime, zone: tzinfo) -> datetime:
    """What the wall shows."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)

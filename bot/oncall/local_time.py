"""Convert between naive local times and UTC, daylight saving included. Pure.

Twice a year most zones skip some local times or repeat them.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OFFSET = re.compile(r"UTC([+-])(\d{2}):(\d{2})")
SECOND = timedelta(seconds=1)


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo:
    """Return the zone of `Europe/Moscow`, or of `UTC+03:00` for a station without a zone name; UTC if unknown."""
    if (offset := OFFSET.fullmatch(name)) is not None:
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-length if offset[1] == "-" else length)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(wall: datetime, zone: tzinfo) -> datetime:
    """Return the UTC time of local time `wall`: the first of two, or the transition for a skipped one."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second >= first:
        return first
    # A skipped time reads differently at both offsets; the transition lies between the two readings.
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
    """Return the local time, naive; the same one for both hours of a repeated one."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)

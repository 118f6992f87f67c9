"""Time of the demo: it begins on a Tuesday at eleven, when an office works, whatever the machine's clock says."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY_OF_WEEK, HOUR = 1, 11


def seconds_since_tuesday(now: float, zone: ZoneInfo) -> float:
    """Return the seconds from the newest Tuesday at eleven in `zone` to `now`, in Unix seconds."""
    local = datetime.fromtimestamp(now, zone)
    day = local - timedelta(days=(local.weekday() - DAY_OF_WEEK) % 7)
    eleven = day.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    newest = eleven if eleven <= local else eleven - timedelta(days=7)
    return now - newest.timestamp()

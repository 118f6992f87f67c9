from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.demo.tuesday import seconds_since_tuesday


@pytest.mark.parametrize("zone", ["Europe/Moscow", "Europe/Berlin", "America/New_York"])
def test_the_demo_begins_on_a_tuesday_at_eleven_whenever_it_is_started(zone: str) -> None:
    """The fortnight has both ends of summer time in it."""
    place = ZoneInfo(zone)
    for hours in range(24 * 14):
        now = datetime(2026, 10, 22, 0, 30, tzinfo=UTC) + timedelta(hours=hours)
        behind = seconds_since_tuesday(now.timestamp(), place)
        begins = datetime.fromtimestamp(now.timestamp() - behind, place)
        assert (begins.strftime("%A"), begins.hour, begins.minute) == ("Tuesday", 11, 0)
        assert 0 <= behind < 7 * 86400 + 3600

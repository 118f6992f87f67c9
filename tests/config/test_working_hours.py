"""Parsing of working hours."""

from datetime import datetime

import pytest

from bot.config.working_hours import read_hours

# 23 November 2026 is a Monday.
MONDAY, WEDNESDAY, FRIDAY, SATURDAY, SUNDAY = 23, 25, 27, 28, 29


def opened(written: str, day: int, at: str) -> str | None:
    """Return the beginning of the opening hours as HH:MM."""
    hour, minute = map(int, at.split(":"))
    found = read_hours(written).opened_at(datetime(2026, 11, day, hour, minute, 30))  # noqa: DTZ001 (local time)
    assert found is None or found.day == day
    return f"{found:%H:%M}" if found else None


@pytest.mark.parametrize(
    ("written", "day", "at", "expected"),
    [
        ("mon-fri 09:00-18:00", MONDAY, "08:59", None),
        ("mon-fri 09:00-18:00", MONDAY, "09:00", "09:00"),
        ("mon-fri 09:00-18:00", FRIDAY, "17:59", "09:00"),
        ("mon-fri 09:00-18:00", FRIDAY, "18:00", None),
        ("mon-fri 09:00-18:00", SATURDAY, "12:00", None),
        ("mon-fri 9:00-18:00, sat 10:00-14:00", SATURDAY, "12:00", "10:00"),
        ("mon-fri 9:00-18:00; sat 10:00-14:00", SUNDAY, "12:00", None),
        ("Mon–Fri 9:00 – 18:00", WEDNESDAY, "12:00", "09:00"),
        ("mon, wed fri 09:00-18:00", WEDNESDAY, "12:00", "09:00"),
        ("mon-wed 09:00-12:00 13:00-18:00", WEDNESDAY, "12:30", None),
        ("mon-wed 09:00-12:00 13:00-18:00", WEDNESDAY, "14:00", "13:00"),
        ("sat-mon 10:00-14:00", SUNDAY, "11:00", "10:00"),
        ("sat-mon 10:00-14:00", WEDNESDAY, "11:00", None),
        ("mon-sun 00:00-24:00", SUNDAY, "23:59", "00:00"),
        ("mon 09:00-13:00 12:00-18:00", MONDAY, "12:30", "09:00"),
    ],
)
def test_hours_are_read_as_they_are_meant(written: str, day: int, at: str, expected: str | None) -> None:
    assert opened(written, day, at) == expected


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "is empty"),
        ("always", "'always'"),
        ("09:00-18:00", "'09:00-18:00'"),
        ("mon-fri", "days without times"),
        ("mon-fri 09:00-18:00 sat", "days without times"),
        ("mon-fri 9-18", "'9-18'"),
        ("mon-fri 09:00-18:60", "'09:00-18:60'"),
        ("mon-fri 09:00-25:00", "a day ends at 24:00"),
        ("mon-fri 22:00-06:00", "ends before it begins"),
        ("mon-fri 09:00-09:00", "ends before it begins"),
    ],
)
def test_what_is_wrong_is_said_with_how_to_write_it(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as wrong:
        read_hours(written)
    assert "write" in str(wrong.value)


def test_the_longest_opening_is_known() -> None:
    assert read_hours("mon-fri 09:00-18:00, sat 10:00-14:00").longest == 9 * 60

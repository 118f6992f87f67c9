"""DST changes of thirty zones from 2024 to 2030: exactly one person is on call at every moment, and shifts change at
local time.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.oncall.local_time import wall_of
from bot.oncall.roster import MOMENT, Roster
from bot.oncall.rotation import Override, Rotation, Shift, Unit
from tests.fixtures.examples import example_count

ZONES = [
    "Europe/Moscow",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Kyiv",
    "Europe/Chisinau",
    "Europe/Istanbul",
    "Europe/Dublin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Almaty",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
]
ANNA, BORIS, VERA = 1, 2, 3
PEOPLE = (ANNA, BORIS, VERA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


@cache
def changes(name: str) -> list[datetime]:
    """Return the DST changes of a zone, to the minute."""
    zone, found, day = ZoneInfo(name), [], FIRST
    before = day.astimezone(zone).utcoffset()
    while day < LAST:
        after = (day + DAY).astimezone(zone).utcoffset()
        if after != before:
            minutes = [day + timedelta(minutes=n) for n in range(1, 24 * 60 + 1)]
            found.append(minutes[bisect_left(minutes, True, key=lambda at: at.astimezone(zone).utcoffset() != before)])
        before, day = after, day + DAY
    return found


def nights(name: str) -> list[datetime]:
    """Return the nights to test: in a developer's run those of the first two years."""
    return changes(name)[: example_count(daily=4, ci=1000)]


def shifts_that_meet(change: datetime, name: str) -> Iterator[Shift]:
    """Yield every kind of shift, with changes on that night before, within and after the skipped or repeated hour."""
    wall = wall_of(change - timedelta(minutes=1), ZoneInfo(name)).replace(minute=0)
    begins = wall - timedelta(weeks=3)
    for minutes in (-60, 0, 15, 30, 60, 90):
        at = begins + timedelta(minutes=minutes)
        yield Shift(Unit.DAYS, 1, at, name)
        yield Shift(Unit.WEEKS, 1, at, name)
        yield Shift(Unit.HOURS, 12, at, name)
    yield Shift(Unit.HOURS, 1, begins, name)
    yield Shift(Unit.HOURS, 5, begins, name)
    yield Shift(Unit.DAYS, 1, begins.replace(hour=9), name)


def test_there_are_nights_to_look_at() -> None:
    assert len(ZONES) == 30
    assert sum(len(changes(name)) for name in ZONES) > 250
    assert {len(changes(name)) for name in ZONES} >= {0, 14}


@pytest.mark.parametrize("name", ZONES)
def test_turns_tile_the_night_and_are_handed_over_by_the_wall(name: str) -> None:
    zone = ZoneInfo(name)
    for change in nights(name):
        for shift in shifts_that_meet(change, name):
            roster = Roster((Rotation(1, PEOPLE, shift),))
            begin, end = change - 30 * HOUR, change + 30 * HOUR
            duties = roster.shifts(1, begin, end)
            assert duties[0].begins == begin
            assert duties[-1].ends == end
            assert all(one.begins < one.ends == other.begins for one, other in pairwise(duties))
            assert not roster.gaps(1, begin, end)
            for duty in duties[1:]:
                wall = wall_of(duty.begins, zone)
                turn = shift.begins + (wall - shift.begins) // shift.lasts * shift.lasts
                was_skipped = duty.begins == change and wall_of(change - MOMENT, zone) < turn < wall
                assert turn == wall or was_skipped, (name, shift, duty)


@pytest.mark.parametrize("name", ZONES)
def test_at_every_minute_of_the_night_exactly_one_person_is_on_call(name: str) -> None:
    zone = ZoneInfo(name)
    for change in nights(name):
        wall = wall_of(change - timedelta(minutes=1), zone).replace(minute=30) - timedelta(weeks=1)
        roster = Roster((Rotation(1, PEOPLE, Shift(Unit.DAYS, 1, wall, name)),))
        duties = roster.shifts(1, change - 3 * HOUR, change + 3 * HOUR)
        for minute in range(-170, 170, 7):
            at = change + timedelta(minutes=minute)
            (holder,) = (duty for duty in duties if duty.contains(at))
            assert roster.on_call(at) == {1: holder.person}
            found = roster.duty(1, at)
            assert found is not None
            assert found.contains(at)


def test_an_override_over_the_night_leaves_one_person_at_every_minute() -> None:
    for name in ZONES:
        for change in nights(name):
            shift = Shift(Unit.HOURS, 1, wall_of(change - DAY, ZoneInfo(name)).replace(minute=0), name)
            override = Override(1, 1, 9, change - timedelta(minutes=20), change + timedelta(minutes=50))
            roster = Roster((Rotation(1, PEOPLE, shift),), (override,))
            duties = roster.shifts(1, change - 3 * HOUR, change + 3 * HOUR)
            assert all(one.ends == other.begins for one, other in pairwise(duties))
            assert [(d.begins, d.ends) for d in duties if d.out_of_turn] == [(override.begins, override.ends)]

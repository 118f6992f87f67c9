"""Hours of a chat, over changes of the clock too, and what is told in them: once, and never outside."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.hours import ALWAYS, BY_DAY, NIGHT, of_spans, opened_at, outside, runs, spans_of
from bot.calls.telling import (
    STORM_AT_LEAST,
    STORM_LASTS,
    STORM_OVER,
    STORM_WITHIN,
    is_opening,
    is_storm,
    waits_for_opening,
)
from bot.config.working_hours import WorkingHours, read_hours

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Lord Howe moves its clocks by half an hour, Santiago at midnight.
ZONES = [*map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago")), UTC]
SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])
OPENINGS = st.dictionaries(st.integers(0, 6), st.lists(SPANS, min_size=1, max_size=3), min_size=1).map(of_spans)
# Days on which the clocks of these zones change.
CHANGES = [
    datetime(2026, *day, 12, tzinfo=UTC) for day in ((3, 29), (10, 25), (3, 8), (11, 1), (4, 5), (10, 4), (9, 6))
]
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 1, 10), datetime(2026, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(lambda day, minutes: day + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-1440, 1440)),
)


def local(*of: int) -> datetime:
    return datetime(*of, tzinfo=ZoneInfo("Europe/Berlin"))  # type: ignore[arg-type, misc]


def test_hours_of_a_week() -> None:
    hours, zone = read_hours("mon-fri 09:00-18:00, sat 10:00-14:00"), ZoneInfo("Europe/Berlin")
    assert opened_at(hours, local(2026, 11, 23, 8, 59), zone) is None
    assert opened_at(hours, local(2026, 11, 23, 9, 0), zone) == local(2026, 11, 23, 9, 0)
    assert opened_at(hours, local(2026, 11, 23, 17, 59), zone) == local(2026, 11, 23, 9, 0)
    assert opened_at(hours, local(2026, 11, 23, 18, 0), zone) is None
    assert opened_at(hours, local(2026, 11, 28, 12, 0), zone) == local(2026, 11, 28, 10, 0)
    assert opened_at(hours, local(2026, 11, 29, 12, 0), zone) is None


def test_an_opening_over_midnight_is_one() -> None:
    hours, zone = read_hours("mon 20:00-24:00, tue 00:00-04:00"), ZoneInfo("Europe/Berlin")
    assert opened_at(hours, local(2026, 11, 24, 3, 0), zone) == local(2026, 11, 23, 20, 0)
    assert opened_at(ALWAYS, local(2026, 11, 24, 3, 0), zone) is not None


@pytest.mark.parametrize(("day", "hour"), [((2026, 3, 29), 7), ((2026, 10, 25), 8), ((2026, 11, 29), 8)])
def test_hours_are_those_of_the_clock_on_the_day_of_its_change(day: tuple[int, int, int], hour: int) -> None:
    opening = datetime(*day, hour, tzinfo=UTC)
    hours, zone = read_hours("sun 09:00-18:00"), ZoneInfo("Europe/Berlin")
    assert opened_at(hours, opening - MINUTE, zone) is None
    assert opened_at(hours, opening, zone) == opening


def test_the_night_of_a_day_and_quiet_hours() -> None:
    assert str(BY_DAY) == "mon-sun 08:00-22:00"
    assert outside(NIGHT) == BY_DAY
    assert str(outside((time(12), time(14)))) == "mon-sun 00:00-12:00 14:00-24:00"


@pytest.mark.parametrize(
    ("days", "shown"), [((0, 1, 2, 3, 4), [(0, 4)]), ((0, 2, 5, 6), [(0, 0), (2, 2), (5, 6)]), ((), [])]
)
def test_days_in_a_row(days: tuple[int, ...], shown: list[tuple[int, int]]) -> None:
    assert runs(days) == shown


@given(OPENINGS)
def test_hours_are_stored_as_they_are(hours: WorkingHours) -> None:
    again = read_hours(str(hours))
    assert again == hours
    assert of_spans({day: spans for days, spans in spans_of(hours) for day in days}) == hours


@given(OPENINGS, MOMENTS, st.sampled_from(ZONES))
def test_it_is_open_when_the_clock_says_so(hours: WorkingHours, at: datetime, zone: ZoneInfo) -> None:
    wall = at.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    says = any(wall.weekday() in one.days and one.begins <= minute < one.ends for one in hours.openings)
    if (
        wall.replace(tzinfo=None)
        == (at + 2 * HOUR).astimezone(zone).replace(tzinfo=None) - 2 * HOUR
        == (at - 2 * HOUR).astimezone(zone).replace(tzinfo=None) + 2 * HOUR
    ):
        assert (opened_at(hours, at, zone) is not None) == says


@given(OPENINGS, MOMENTS, st.sampled_from(ZONES))
def test_an_opening_begins_where_it_was_closed(hours: WorkingHours, at: datetime, zone: ZoneInfo) -> None:
    begun = opened_at(hours, at, zone)
    if begun is None:
        return
    assert begun <= at
    assert opened_at(hours, begun, zone) == begun
    if at - begun < 7 * DAY:
        assert opened_at(hours, begun - timedelta(seconds=1), zone) is None


@given(
    OPENINGS,
    MOMENTS,
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 3 * 24 * 60), min_size=1, max_size=12, unique=True),
    st.lists(st.integers(1, 600), min_size=4, max_size=40),
    st.booleans(),
)
def test_each_caller_is_told_once_and_never_while_closed(
    hours: WorkingHours, begin: datetime, zone: ZoneInfo, ended: list[int], pauses: list[int], late: bool
) -> None:
    """Looks of a chat at any moments; a call is found at the first look after it, or after the next one if `late`."""
    calls = sorted(begin + at * MINUTE for at in ended)
    looks = [begin]
    while looks[-1] < begin + 12 * DAY:
        looks.append(looks[-1] + pauses[len(looks) % len(pauses)] * MINUTE)
    told: list[tuple[datetime, list[datetime]]] = []
    waiting: list[datetime] = []
    told_at: datetime | None = None
    for before, now in pairwise([begin - DAY, *looks]):
        shift = MINUTE * 5 if late else timedelta()
        found = [call for call in calls if before <= call + shift < now]
        opened = opened_at(hours, now, zone)
        for call in found:
            came_closed = opened_at(hours, call, zone) is None
            if waits_for_opening(call, came_closed=came_closed, opened_at=opened, told_at=told_at):
                waiting.append(call)
            else:
                told.append((now, [call]))
        if waiting and is_opening(opened, min(waiting), changed_at=None):
            told.append((now, waiting))
            waiting, told_at = [], now
    assert all(opened_at(hours, at, zone) for at, _ in told)
    assert sorted(call for _, found in told for call in found) == sorted({*calls} - {*waiting})
    # Who waits still came after the last opening that a look saw.
    last = next((opened for now in reversed(looks) if (opened := opened_at(hours, now, zone))), None)
    assert all(last is None or call > last for call in waiting)


def test_a_storm_begins_with_many_and_ends_with_few() -> None:
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    lately, before = [now - MINUTE] * 3, [now - STORM_WITHIN] * 20
    assert not is_storm(lately, STORM_OVER - 3, now, began_at=None)
    assert is_storm(lately, STORM_OVER - 2, now, began_at=None)
    assert not is_storm(before, 1, now, began_at=None)
    assert is_storm(lately, STORM_AT_LEAST - 3, now, began_at=now - MINUTE)
    assert not is_storm(lately, STORM_AT_LEAST - 4, now, began_at=now - MINUTE)
    assert not is_storm(lately, 100, now, began_at=now - STORM_LASTS)

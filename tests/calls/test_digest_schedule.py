"""When a digest is due: each of its dates once, whatever the clocks do; and of which time it is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.digest_schedule import END_OF_DAY, WEEK, DigestKind, DigestPeriod, DigestSchedule
from bot.oncall.local_time import wall_of

DAY = timedelta(days=1)
# Clocks that change at midnight, by half an hour, skip a date, or never change.
ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut", "UTC")
]
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
TIMES = st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
SCHEDULES = st.builds(DigestSchedule, st.just(DigestKind.DAILY), DAYS, TIMES)
# Minutes.
MAX_PAUSE = 19 * 60
# Around the changes of the clocks, and the date that Apia skipped.
BEGINNINGS = st.sampled_from([datetime(2011, 12, 27), datetime(2018, 10, 30), datetime(2026, 3, 24)])  # noqa: DTZ001


@given(SCHEDULES, st.sampled_from(ZONES), BEGINNINGS, st.lists(st.integers(1, MAX_PAUSE), min_size=20, max_size=60))
def test_each_date_is_due_exactly_once(
    schedule: DigestSchedule, zone: ZoneInfo, begins: datetime, pauses: list[int]
) -> None:
    """Looked at every few minutes or hours, the digests are those of all dates whose time has come."""
    now = begins.replace(tzinfo=UTC)
    first = done_on = schedule.passed(now, zone)
    done = []
    for pause in pauses:
        now += timedelta(minutes=pause)
        while (day := schedule.due(done_on, now, zone)) is not None:
            assert schedule.moment_of(day, zone) <= now < schedule.moment_of(day, zone) + 3 * DAY
            done.append(day)
            done_on = day
    last = schedule.passed(now, zone)
    expected = [first + ahead * DAY for ahead in range(1, (last - first).days + 1)]
    # A date that the zone skipped ends as it begins: it is passed with the next one at the latest, as is the one before
    # it, of which less than a day is left.
    skipped = {day for day in expected if wall_of(schedule.moment_of(day, zone), zone).date() != day}
    passed = skipped | {day - DAY for day in skipped}
    assert [day for day in expected if day.weekday() in schedule.days and day not in passed] == [
        day for day in done if day not in passed
    ]
    assert len(set(done)) == len(done)


@given(SCHEDULES, st.sampled_from(ZONES), BEGINNINGS, st.integers(0, 60 * 24 * 10))
def test_after_an_absence_only_the_newest_is_due(
    schedule: DigestSchedule, zone: ZoneInfo, begins: datetime, absent: int
) -> None:
    start = begins.replace(tzinfo=UTC)
    now, done_on = start + timedelta(minutes=absent), schedule.passed(start, zone)
    day = schedule.due(done_on, now, zone)
    if day is not None:
        assert day.weekday() in schedule.days
        assert schedule.due(day, now, zone) is None
        later = schedule.next_after(day)
        assert schedule.moment_of(later, zone) > now
        assert schedule.due(day, schedule.moment_of(later, zone), zone) == later


def test_a_skipped_time_is_the_change_of_the_clocks_and_a_repeated_one_the_first() -> None:
    schedule, berlin = DigestSchedule(DigestKind.DAILY, frozenset(range(7)), time(2, 30)), ZoneInfo("Europe/Berlin")
    assert schedule.moment_of(date(2026, 3, 29), berlin) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert schedule.moment_of(date(2026, 10, 25), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_date_that_a_wrong_clock_stored_ends_nothing() -> None:
    schedule = DigestSchedule(DigestKind.DAILY, frozenset(range(7)), time(18))
    now = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    assert schedule.due(date(2031, 1, 1), now, UTC) == date(2026, 11, 23)
    # A zone further west is a day behind at most.
    assert schedule.due(date(2026, 11, 24), now, UTC) is None


@pytest.mark.parametrize(
    ("kind", "days", "at", "day", "first", "end"),
    [
        ("daily", range(5), "18:00", "2026-11-23", "2026-11-23", "2026-11-23 18:00:00"),
        ("daily", range(5), "12:00", "2026-11-23", "2026-11-23", "2026-11-23 12:00:00"),
        ("daily", range(5), "09:00", "2026-11-24", "2026-11-23", "2026-11-23 23:59:59"),
        # On Monday Friday and the weekend.
        ("daily", range(5), "09:00", "2026-11-23", "2026-11-20", "2026-11-22 23:59:59"),
        ("daily", [0, 3], "00:00", "2026-11-26", "2026-11-23", "2026-11-25 23:59:59"),
        ("daily", [0], "11:59", "2026-11-23", "2026-11-16", "2026-11-22 23:59:59"),
        ("weekly", [0], "09:00", "2026-11-23", "2026-11-16", "2026-11-22 23:59:59"),
        ("weekly", [4], "18:00", "2026-11-27", "2026-11-21", "2026-11-27 18:00:00"),
    ],
)
def test_the_time_that_a_digest_is_of(kind: str, days: range, at: str, day: str, first: str, end: str) -> None:
    period = DigestSchedule.stored(kind, days, at).period(date.fromisoformat(day))
    assert period == DigestPeriod(datetime.fromisoformat(first), datetime.fromisoformat(end))
    assert period.earlier(4) == DigestPeriod(period.start - 4 * WEEK, period.end - 4 * WEEK)


@given(DAYS, st.times(max_value=time(11, 59)), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_morning_digests_have_every_call_once(days: frozenset[int], at: time, begins: date) -> None:
    schedule = DigestSchedule(DigestKind.DAILY, days, at)
    day = schedule.next_after(begins)
    for _ in range(10):
        later = schedule.next_after(day)
        assert schedule.period(day).end == datetime.combine(day - DAY, END_OF_DAY)
        assert schedule.period(later).start == datetime.combine(day, time())
        day = later

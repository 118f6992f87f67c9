"""Silences depend on the time alone, across DST changes too."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.silence import (
    EVERYTHING,
    LONGEST_OF_EVERYTHING,
    MINUTES_OF_A_DAY,
    Silence,
    SilenceKind,
    Weekly,
    begins,
    covers,
    ends,
    in_force,
    is_over,
    silence_of,
)
from bot.oncall.local_time import zone_named

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Moscow", "UTC", "UTC+05:30", "Asia/Tehran")
# In each of these weeks some of the zones change to or from DST.
CHANGES = [
    datetime(*day, tzinfo=UTC) for day in ((2026, 3, 27), (2026, 10, 23), (2026, 4, 3), (2026, 10, 2), (2027, 3, 12))
]


def mute(subject: str = "T1", **more: Any) -> Silence:
    made: dict[str, Any] = {"id": 1, "name": "", "reason": "", "by_name": "Boris", "begins_at": NOW}
    return Silence(**made | {"kind": SilenceKind.MUTE, "subject": subject} | more)


def window(weekly: Weekly, begins_at: datetime = datetime(2020, 1, 1, tzinfo=UTC), **more: Any) -> Silence:
    return mute("T1", kind=SilenceKind.MAINTENANCE, repeats=weekly, begins_at=begins_at, **more)


def nightly(starts: str, minutes: int, zone: str = "Europe/Berlin", days: range = range(7)) -> Weekly:
    return Weekly(frozenset(days), time.fromisoformat(starts), minutes, zone)


def local(written: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


WEEKLIES = st.builds(
    Weekly,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.integers(1, MINUTES_OF_A_DAY),
    st.sampled_from(ZONES),
)
MOMENTS = st.builds(
    lambda base, minutes: base + MINUTE * minutes, st.sampled_from([NOW, *CHANGES]), st.integers(0, 7 * 1440)
)
SILENCES = st.one_of(
    st.builds(window, WEEKLIES, MOMENTS, until=st.none() | MOMENTS, ended_at=st.none() | MOMENTS),
    st.builds(
        mute,
        st.sampled_from(["T1", EVERYTHING]),
        begins_at=MOMENTS,
        until=st.none() | MOMENTS,
        ended_at=st.none() | MOMENTS,
    ),
)


def test_a_mute_holds_from_its_beginning_until_just_before_its_end() -> None:
    one = mute(until=NOW + HOUR)
    assert not in_force(one, NOW - MINUTE)
    assert in_force(one, NOW)
    assert in_force(one, NOW + HOUR - timedelta(microseconds=1))
    assert not in_force(one, NOW + HOUR)
    assert is_over(one, NOW + HOUR)


def test_a_mute_that_somebody_ended_holds_no_longer() -> None:
    one = mute(until=NOW + HOUR, ended_at=NOW + MINUTE)
    assert ends(one, NOW) == NOW + MINUTE
    assert not in_force(one, NOW + MINUTE)


def test_a_mute_until_recovery_is_ended_by_no_time() -> None:
    one = mute()
    assert in_force(one, NOW + timedelta(days=3650))
    assert ends(one, NOW) is None


def test_everything_until_recovery_is_remembered_after_a_week() -> None:
    one = mute(EVERYTHING)
    assert ends(one, NOW) == NOW + LONGEST_OF_EVERYTHING
    assert is_over(one, NOW + LONGEST_OF_EVERYTHING)


def test_everything_covers_what_a_single_trunk_does_not() -> None:
    assert covers(mute(EVERYTHING), "T2")
    assert covers(mute("T1"), "T1")
    assert not covers(mute("T1"), "T2")


def test_of_several_the_one_that_lasts_longest_holds() -> None:
    short, long, other = mute(until=NOW + HOUR), mute(EVERYTHING, until=NOW + 2 * HOUR), mute("T2")
    assert silence_of([short, long, other], "T1", NOW) is long
    assert silence_of([short, mute(), long], "T1", NOW) == mute()
    assert silence_of([short, long, other], "T1", NOW + 3 * HOUR) is None


def test_a_window_comes_every_week_on_its_days() -> None:
    one = window(nightly("02:00", 120, days=range(5, 7)))
    assert begins(one, NOW) == local("2026-11-28 02:00")
    assert ends(one, local("2026-11-28 03:00")) == local("2026-11-28 04:00")
    assert not in_force(one, local("2026-11-27 03:00"))
    assert in_force(one, local("2027-07-04 03:00"))


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    one = window(nightly("23:00", 120, days=range(5, 6)))
    assert in_force(one, local("2026-11-29 00:30"))
    assert not in_force(one, local("2026-11-28 00:30"))


def test_windows_that_touch_are_one() -> None:
    one = window(nightly("00:00", MINUTES_OF_A_DAY, days=range(5, 7)))
    assert ends(one, local("2026-11-28 12:00")) == local("2026-11-30 00:00")


def test_what_never_pauses_never_ends() -> None:
    assert ends(window(nightly("05:00", MINUTES_OF_A_DAY)), NOW) is None


@pytest.mark.parametrize(
    ("starts", "minutes", "first", "last"),
    [
        ("02:00", 120, local("2026-03-29 03:00"), local("2026-03-29 04:00")),
        ("02:30", 60, local("2026-03-29 03:00"), local("2026-03-29 03:30")),
        ("01:30", 60, local("2026-03-29 01:30"), local("2026-03-29 03:00")),
    ],
)
def test_in_the_night_that_lacks_an_hour_a_window_is_shorter(
    starts: str, minutes: int, first: datetime, last: datetime
) -> None:
    one = window(nightly(starts, minutes))
    assert begins(one, local("2026-03-29 00:00")) == first
    assert ends(one, first) == last


def test_a_window_in_the_hour_that_is_left_out_is_left_out() -> None:
    one = window(nightly("02:00", 60))
    assert begins(one, local("2026-03-28 12:00")) == local("2026-03-30 02:00")


@pytest.mark.parametrize(
    ("starts", "minutes", "first", "last"),
    [
        ("02:00", 120, local("2026-10-25 02:00"), local("2026-10-25 04:00")),
        ("02:30", 15, local("2026-10-25 02:30"), local("2026-10-25 02:45")),
        ("02:30", 60, local("2026-10-25 02:30"), local("2026-10-25 03:30")),
    ],
)
def test_in_the_night_with_an_hour_twice_a_window_comes_once(
    starts: str, minutes: int, first: datetime, last: datetime
) -> None:
    one = window(nightly(starts, minutes))
    assert begins(one, local("2026-10-25 00:00")) == first
    assert ends(one, first) == last
    assert not in_force(one, local("2026-10-25 02:40", fold=1)) or last > local("2026-10-25 02:40", fold=1)


@given(WEEKLIES.filter(lambda weekly: not weekly.never_pauses), st.sampled_from(CHANGES), st.integers(0, 3))
def test_a_window_holds_while_the_furthest_time_that_the_clock_has_shown_lies_in_it(
    weekly: Weekly, begin: datetime, offset: int
) -> None:
    """Independent check: observe the clock every 15 minutes for a week. The code is asked once an hour, and on both
    sides of every beginning and end.
    """
    one, zone = window(weekly), zone_named(weekly.zone)
    furthest = datetime(2000, 1, 1)  # noqa: DTZ001 (local time)
    before: bool | None = None
    for quarter in range(-8, 7 * 24 * 4):
        at = begin + timedelta(minutes=15) * quarter
        # A clock set back at this moment has shown the later time just before.
        shown = (moment.astimezone(zone).replace(tzinfo=None) for moment in (at - timedelta(microseconds=1), at))
        furthest = max(furthest, *shown)
        if quarter < 0:
            continue
        starts = [datetime.combine(furthest.date() - timedelta(days=ago), weekly.starts) for ago in range(3)]
        expected = any(
            start.weekday() in weekly.days and start <= furthest < start + MINUTE * weekly.minutes for start in starts
        )
        if before is not None and expected is not before:
            assert in_force(one, at - timedelta(minutes=15)) is before, at
            assert in_force(one, at) is expected, at
        elif quarter % 4 == offset:
            assert in_force(one, at) is expected, at
        before = expected


@given(SILENCES, MOMENTS)
def test_force_lasts_until_it_ends_and_not_a_moment_longer(one: Silence, at: datetime) -> None:
    last = ends(one, at)
    if not in_force(one, at):
        assert last == at
    elif last is not None:
        assert last > at
        assert in_force(one, last - timedelta(microseconds=1))
        assert not in_force(one, last)


@given(SILENCES, MOMENTS, st.integers(0, 7 * 1440))
def test_what_is_over_stays_over(one: Silence, at: datetime, minutes: int) -> None:
    if is_over(one, at):
        assert not in_force(one, at + MINUTE * minutes)


@given(st.lists(SILENCES, max_size=5), MOMENTS)
def test_what_holds_is_in_force_and_none_that_is_lasts_longer(silences: list[Silence], at: datetime) -> None:
    held = [one for one in silences if covers(one, "T1") and in_force(one, at)]
    one = silence_of(silences, "T1", at)
    assert (one is None) is (not held)
    if one is not None:
        last = ends(one, at)
        assert last is None or all((other := ends(each, at)) is not None and other <= last for each in held)

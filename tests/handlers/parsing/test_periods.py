"""Periods as people write them, in both languages."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parsing.periods import NotAPeriod, Period, from_stored, read_period, take_period

NOW = datetime(2026, 11, 23, 14, 30, 12, 345)  # noqa: DTZ001 (PBX local time)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", TODAY, TODAY),
        ("today", TODAY, TODAY),
        ("Сегодня", TODAY, TODAY),
        ("yesterday", date(2026, 11, 22), date(2026, 11, 22)),
        ("за вчера", date(2026, 11, 22), date(2026, 11, 22)),
        ("yesterday today", date(2026, 11, 22), TODAY),
        ("7d", date(2026, 11, 17), TODAY),
        ("7 дней", date(2026, 11, 17), TODAY),
        ("last 7 days", date(2026, 11, 17), TODAY),
        ("неделя", date(2026, 11, 17), TODAY),
        ("month", date(2026, 10, 25), TODAY),
        ("1d", TODAY, TODAY),
        ("1100d", date(2023, 11, 20), TODAY),
        ("2026-11-01", date(2026, 11, 1), date(2026, 11, 1)),
        ("1.11", date(2026, 11, 1), date(2026, 11, 1)),
        ("24.11", date(2025, 11, 24), date(2025, 11, 24)),
        ("01.11.26", date(2026, 11, 1), date(2026, 11, 1)),
        ("01.11.2026 05.11.2026", date(2026, 11, 1), date(2026, 11, 5)),
        ("01.11-05.11", date(2026, 11, 1), date(2026, 11, 5)),
        ("с 01.11 по 05.11", date(2026, 11, 1), date(2026, 11, 5)),
        ("from 2026-11-01 to 2026-11-05", date(2026, 11, 1), date(2026, 11, 5)),
        ("2026-11-05 - 2026-11-01", date(2026, 11, 1), date(2026, 11, 5)),
        ("2020-01-01 2026-01-01", date(2020, 1, 1), date(2026, 1, 1)),
    ],
)
def test_days(text: str, first: date, last: date) -> None:
    period = read_period(text, NOW)
    assert (period.first, period.last) == (first, last)
    assert period.end - period.start == timedelta(days=(last - first).days + 1, seconds=-1)
    assert period.facts()["times"] is None


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("3h", "2026-11-23 11:30:12", "2026-11-23 14:30:12"),
        ("3 часа", "2026-11-23 11:30:12", "2026-11-23 14:30:12"),
        ("9:00", "2026-11-23 09:00:00", "2026-11-23 23:59:59"),
        ("today 9:00 12:30", "2026-11-23 09:00:00", "2026-11-23 12:30:00"),
        ("вчера с 9:00 до 12:30", "2026-11-22 09:00:00", "2026-11-22 12:30:00"),
        ("9:00-12:30 yesterday", "2026-11-22 09:00:00", "2026-11-22 12:30:00"),
        ("2026-11-01 18:00 2026-11-02 09:00", "2026-11-01 18:00:00", "2026-11-02 09:00:00"),
        ("2026-11-01T18:00 2026-11-02T09:00:30", "2026-11-01 18:00:00", "2026-11-02 09:00:30"),
        ("2026-11-01 18:00 2026-11-02", "2026-11-01 18:00:00", "2026-11-02 23:59:59"),
        ("2026-11-01 2026-11-02 09:00", "2026-11-01 00:00:00", "2026-11-02 09:00:00"),
    ],
)
def test_times_of_day(text: str, start: str, end: str) -> None:
    period = read_period(text, NOW)
    assert (str(period.start), str(period.end)) == (start, end)
    assert period.facts()["times"] == {"start": period.start, "end": period.end}


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "0d",
        "0h",
        "4000d",
        "2026-13-01",
        "32.01",
        "29.02",
        "25:00",
        "1010-01-01 2026-01-01",
        "today x",
        "-",
        "7d 9:00",
        "7d yesterday",
        "7d 3d",
        "\n    12:00 9:00",
        "9:00 10:00 11:00",
        "1.11 2.11 3.11",
        "2.11 9:00 1.11 8:00",
    ],
)
def test_what_means_no_time_is_refused(text: str) -> None:
    with pytest.raises(NotAPeriod):
        read_period(text, NOW)


@given(st.text() | st.text("0123456789dhч.:-T "), st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_any_text_is_a_period_in_order_or_none(text: str, now: datetime) -> None:
    try:
        period = read_period(text, now)
    except NotAPeriod:
        return
    assert period.start <= period.end
    assert from_stored(period.stored()) == period


PERIODS = st.sampled_from(["today", "вчера", "7d", "2026-11-01", "01.11-05.11", "9:00-12:00", "с 01.11 по 05.11"])
OTHERS = st.lists(st.sampled_from(["missed", "Anna", "201", "89161111111", "и", "-"]), max_size=4)


@given(before=OTHERS, words=PERIODS, after=OTHERS)
def test_a_period_is_found_wherever_it_stands(before: list[str], words: str, after: list[str]) -> None:
    period, rest = take_period([*before, *words.split(), *after], NOW)
    assert period == read_period(words, NOW)
    # Words that introduce or join times belong to them; all others must be kept.
    quiet = {"и", "-"}
    assert [word for word in rest if word not in quiet] == [word for word in [*before, *after] if word not in quiet]


def test_a_stored_period_comes_back() -> None:
    period = Period(NOW.replace(microsecond=0), NOW.replace(microsecond=0) + timedelta(hours=1))
    assert from_stored(period.stored()) == period

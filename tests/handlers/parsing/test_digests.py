"""When a digest is wanted, as people write it."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.digest_schedule import DigestKind, DigestSchedule
from bot.notifications.digests import written
from handlers.parsing.digests import Ended, NotADigest, read_digest
from handlers.parsing.periods import read_period

NOW = datetime(2026, 11, 25, 14, 30)  # noqa: DTZ001 (PBX local time)
WORKDAYS, EVERY_DAY = range(5), range(7)


@pytest.mark.parametrize(
    ("text", "kind", "days", "at"),
    [
        ("mon-fri 18:00", "daily", WORKDAYS, "18:00"),
        ("18:00 mon-fri", "daily", WORKDAYS, "18:00"),
        ("Mon - Fri at 6 pm", "daily", WORKDAYS, "18:00"),
        ("from monday to friday at 18", "daily", WORKDAYS, "18:00"),
        ("weekdays 9am", "daily", WORKDAYS, "09:00"),
        ("mon,wed,fri 18:30", "daily", [0, 2, 4], "18:30"),
        ("sat and sun 20:00", "daily", [5, 6], "20:00"),
        ("daily 18:00", "daily", EVERY_DAY, "18:00"),
        ("every day at 18:00", "daily", EVERY_DAY, "18:00"),
        ("18:00", "daily", EVERY_DAY, "18:00"),
        ("daily mon-fri 18:00", "daily", WORKDAYS, "18:00"),
        ("fri 18:00", "daily", [4], "18:00"),
        ("weekly mon 09:00", "weekly", [0], "09:00"),
        ("weekly on monday at 9 am", "weekly", [0], "09:00"),
        ("mon 9:00 weekly", "weekly", [0], "09:00"),
        ("weekly fri 17.30", "weekly", [4], "17:30"),
        ("пн-пт 18:00", "daily", WORKDAYS, "18:00"),
        ("с пн по пт в 18", "daily", WORKDAYS, "18:00"),
        ("с понедельника по пятницу в 6 вечера", "daily", WORKDAYS, "18:00"),
        ("по будням в 18:00", "daily", WORKDAYS, "18:00"),
        ("по понедельникам и средам в 9 утра", "daily", [0, 2], "09:00"),
        ("ежедневно 18:00", "daily", EVERY_DAY, "18:00"),
        ("каждый день в 18:00", "daily", EVERY_DAY, "18:00"),
        ("еженедельно пн 9:00", "weekly", [0], "09:00"),
        ("Еженедельно по понедельникам в 9", "weekly", [0], "09:00"),
        ("еженедельно в пятницу в 17:30", "weekly", [4], "17:30"),
        ("every week on monday at 9", "weekly", [0], "09:00"),
        ("once a week fri 6pm", "weekly", [4], "18:00"),
        ("каждую неделю в понедельник в 9", "weekly", [0], "09:00"),
        ("раз в неделю по понедельникам в 9", "weekly", [0], "09:00"),
        ("по рабочим дням в 18:00", "daily", WORKDAYS, "18:00"),
        ("mon-fri 18:00 here", "daily", WORKDAYS, "18:00"),
    ],
)
def test_a_time_is_read(text: str, kind: str, days: range, at: str) -> None:
    assert read_digest(text.split(), NOW) == DigestSchedule.stored(kind, days, at)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("off", "daily weekly"),
        ("all off", "daily weekly"),
        ("стоп", "daily weekly"),
        ("выкл", "daily weekly"),
        ("daily off", "daily"),
        ("off weekly", "weekly"),
        ("еженедельно выкл", "weekly"),
    ],
)
def test_an_end_is_read(text: str, kinds: str) -> None:
    assert read_digest(text.split(), NOW) == Ended(frozenset(map(DigestKind, kinds.split())))


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri",
        "mon-fri 18",
        "mon-fri 18:00-19:00",
        "mon-fri 18:00 20:00",
        "mon-fri 25:00",
        "mon-fri 24:00",
        "mon-fri 18:00:30",
        "tomorrow 18:00",
        "28.11 18:00",
        "18:00 for 2h",
        "in 2 hours",
        "now",
        "weekly",
        "weekly 09:00",
        "weekly mon-fri 09:00",
        "weekly mon",
        "daily weekly mon 09:00",
        "monthly 09:00",
        "mon-fri 18:00 please",
        "off now",
        "on",
        "hourly",
        "еженедельно 9:00",
        "пн-пт вечером",
    ],
)
def test_what_is_unclear_is_refused(text: str) -> None:
    with pytest.raises(NotADigest):
        read_digest(text.split(), NOW)


@given(
    st.sampled_from(DigestKind),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(max_value=time(23, 59)),
    st.dates(date(2025, 1, 1), date(2026, 11, 24)),
)
def test_the_buttons_say_the_period_as_it_is_read(kind: DigestKind, days: frozenset[int], at: time, day: date) -> None:
    counted = DigestSchedule(kind, days, at.replace(second=0, microsecond=0)).period(day)
    period = read_period(written(counted), NOW)
    assert (period.start, period.end) == (counted.start, counted.end)

"""Times, durations and numbers in both languages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.messages import formatting
from bot.messages.i18n import translations

NOW = datetime(2026, 11, 23, 11, 2, 50, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def view(language: str) -> formatting.ReaderView:
    return formatting.ReaderView(language, translations(language).gettext, MOSCOW, NOW)


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        ("2026-11-23T11:02:10+00:00", "14:02:10", "14:02:10"),
        ("2026-11-23T11:02:10Z", "14:02:10", "14:02:10"),
        ("2026-11-23T14:02:10", "14:02:10", "14:02:10"),
        ("2026-11-22T21:00:00+00:00", "00:00:00", "00:00:00"),
        ("2026-11-22T20:59:59+00:00", "Nov 22 23:59:59", "22 нояб. 23:59:59"),
        (datetime(2026, 11, 22, 11, 2, 10, tzinfo=UTC), "Nov 22 14:02:10", "22 нояб. 14:02:10"),
        ("2025-12-31T10:00:00+00:00", "Dec 31, 2025 13:00:00", "31 дек. 2025\u202fг. 13:00:00"),
    ],
)
def test_a_time_is_shown_in_the_stations_zone_with_its_date_unless_it_is_today(
    value: str | datetime, english: str, russian: str
) -> None:
    assert formatting.clock(view("en"), value) == english
    assert formatting.clock(view("ru"), value) == russian
    assert formatting.moment(view("en"), value) == english[:-3]


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        ("2026-11-01", "Nov 1", "1 нояб."),
        (date(2025, 3, 8), "Mar 8, 2025", "8 мар. 2025\u202fг."),
        ("2026-11-22T22:30:00+00:00", "Nov 23", "23 нояб."),
    ],
)
def test_a_day_carries_its_year_only_when_it_is_another_one(value: str | date, english: str, russian: str) -> None:
    assert formatting.day(view("en"), value) == english
    assert formatting.day(view("ru"), value) == russian


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (-3, "0 s", "0 с"),
        (0, "0 s", "0 с"),
        (40.9, "40 s", "40 с"),
        (60, "1 min", "1 мин"),
        (125, "2 min 5 s", "2 мин 5 с"),
        (3_600, "1 h", "1 ч"),
        (3_905, "1 h 5 min", "1 ч 5 мин"),
        (3_630, "1 h", "1 ч"),
        (12 * 86_400 + 4 * 3_600 + 59, "12 d 4 h", "12 д 4 ч"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, english: str, russian: str) -> None:
    assert formatting.duration(view("en"), seconds) == english
    assert formatting.duration(view("ru"), seconds) == russian


def test_a_decimal_is_written_with_the_sign_of_the_language() -> None:
    assert (formatting.decimal(view("en"), 99.05), formatting.decimal(view("ru"), 99.05)) == ("99.05", "99,05")


def test_how_long_ago_something_was() -> None:
    assert formatting.ago(view("en"), "2026-11-23T10:57:50+00:00") == "5 min ago"
    assert formatting.ago(view("ru"), "2026-11-23T10:57:50+00:00") == "5 мин назад"


def test_the_time_between_two_moments_knows_their_zones() -> None:
    assert formatting.seconds_since("2026-11-23T14:03:00+03:00", datetime(2026, 11, 23, 11, 2, 10, tzinfo=UTC)) == 50


@pytest.mark.parametrize(("seconds", "shown"), [(9, "0:09"), (134.7, "2:14"), (3_734, "1:02:14"), (-1, "0:00")])
def test_the_length_of_a_call_reads_like_a_stopwatch(seconds: float, shown: str) -> None:
    assert formatting.length_of_call(seconds) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+79161111111", "+7 916 111-11-11"),
        ("79161111111", "+7 916 111-11-11"),
        ("+7 (916) 111-11-11", "+7 916 111-11-11"),
        ("12025550123", "+1 202-555-0123"),
        (79161111111, "+7 916 111-11-11"),
        ("202", "202"),
        ("0042", "0042"),
        ("88005553535", "88005553535"),
        ("4951234567", "4951234567"),
        ("+99900000000000", "+99900000000000"),
        ("anonymous", "anonymous"),
        ("<b>+79161111111", "<b>+79161111111"),
        ("²³⁴⁵⁶⁷⁸⁹²³⁴", "²³⁴⁵⁶⁷⁸⁹²³⁴"),
        ("", ""),
    ],
)
def test_a_phone_number_with_its_country_is_spaced_and_everything_else_left_alone(
    written: str | int, shown: str
) -> None:
    assert formatting.phone(written) == shown

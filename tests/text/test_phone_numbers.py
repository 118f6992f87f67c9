"""Digits without a plus are read as numbers of the PBX's country first."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.formatting import phone
from bot.text.phone_numbers import country_of, readings


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("84951234500", "+7 495 123-45-00"),
        ("88632001122", "+7 863 200-11-22"),
        ("89251111111", "+7 925 111-11-11"),
        ("8 (495) 111-00-44", "+7 495 111-00-44"),
        ("9251111111", "+7 925 111-11-11"),
        ("4951234500", "+7 495 123-45-00"),
        ("79251111111", "+7 925 111-11-11"),
        ("+84951234500", "+84 951 234 500"),
        ("442071234567", "+44 20 7123 4567"),
        ("810442071234567", "+44 20 7123 4567"),
        # Valid neither here nor abroad: left as it is.
        ("80001234567", "80001234567"),
        ("2025550123", "2025550123"),
        ("201", "201"),
        ("112", "112"),
        ("anonymous", "anonymous"),
    ],
)
def test_in_russia(digits: str, shown: str) -> None:
    assert phone(digits, "RU") == shown


@pytest.mark.parametrize(
    ("digits", "country", "shown"),
    [
        ("2025550123", "US", "+1 202-555-0123"),
        ("01701234567", "DE", "+49 170 1234567"),
        ("79161111111", "DE", "+7 916 111-11-11"),
        ("84951234500", "VN", "+84 951 234 500"),
        ("77012345678", "KZ", "+7 701 234 5678"),
    ],
)
def test_and_elsewhere(digits: str, country: str, shown: str) -> None:
    assert phone(digits, country) == shown


@given(st.sampled_from(["495", "496", "498", "499", "812", "863"]), st.integers(2_000_000, 9_999_999))
def test_no_city_of_russia_is_abroad(city: str, rest: int) -> None:
    found = readings(f"8{city}{rest}", "RU")
    assert not found or found[0].country_code == 7


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        (ZoneInfo("Europe/Moscow"), "RU"),
        (ZoneInfo("Asia/Omsk"), "RU"),
        (ZoneInfo("Europe/Berlin"), "DE"),
        (UTC, ""),
        (ZoneInfo("Etc/UTC"), ""),
        (timezone(timedelta(hours=3)), ""),
    ],
)
def test_the_country_of_a_zone(zone: tzinfo, country: str) -> None:
    assert country_of(zone) == country

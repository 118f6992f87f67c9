"""Digits without a plus are read as numbers of the PBX's country first."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.formatting import phone
from bot.text.phone_numbers import are_certain, bare, country_of, readings


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


CITIES = st.sampled_from(["495", "496", "498", "499", "812", "863"])
REST = st.integers(0, 9_999_999).map("{:07}".format)
PUNCTUATION = st.sampled_from(["{0}{1}{2}", "{0} ({1}) {2}", "{0}\u00a0{1}\u2011{2}", "\u202a{0}{1}\u200b{2}\u202c"])


@given(CITIES, REST, PUNCTUATION)
def test_no_city_of_russia_dialled_with_8_is_abroad(city: str, rest: str, form: str) -> None:
    digits = bare(form.format("8", city, rest))
    found = readings(digits, "RU")
    assert found[0].country_code == 7
    assert are_certain(digits, found)
    assert phone(form.format("8", city, rest), "RU").startswith(f"+7 {city} ")


@given(CITIES, REST)
def test_a_city_number_without_its_8_is_of_russia_or_asked_about(city: str, rest: str) -> None:
    found = readings(city + rest, "RU")
    assert found[0].country_code == 7
    assert are_certain(city + rest, found) is (len(found) == 1)


@given(st.sampled_from(["", "8", "7"]), st.integers(900_000_0000, 999_999_9999).map(str), PUNCTUATION)
def test_no_mobile_of_russia_is_abroad(prefix: str, mobile: str, form: str) -> None:
    digits = bare(form.format(prefix, mobile[:3], mobile[3:]))
    found = readings(digits, "RU")
    assert all(number.country_code == 7 for number in found[:1])
    assert are_certain(digits, found) is bool(found)


@pytest.mark.parametrize(
    "written",
    [
        "8 (495) 111\u201100\u201144",
        "8\u00a0495\u00a0111\u201300\u201344",
        "\u202a84951110044\u202c",
        "8495\u200b1110044",
        "8 495 111\u221200\u221244",
        "8\u2009495\u202f111.00.44",
        "\ufeff8495111\u00ad0044",
    ],
)
def test_marks_that_are_not_seen_and_hyphens_of_any_kind_do_not_matter(written: str) -> None:
    assert bare(written) == "84951110044"
    assert phone(written, "RU") == "+7 495 111-00-44"


def test_where_the_country_is_not_known_a_number_that_can_be_two_is_shown_as_it_is() -> None:
    assert phone("84951234500") == "84951234500"
    assert phone("79161111111") == "+7 916 111-11-11"


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

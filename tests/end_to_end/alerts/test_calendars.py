"""Calendars of other programs, sent as a user sends them, and what the person is then shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.harness import ANNA, Seen, Standins, running_bot, running_standins

FILES = Path(__file__).parents[2] / "oncall" / "calendars"
# The day of the files, and the one that stands for it: the files are of one day, and this test is run on any.
WRITTEN, DAY = b"20261130", (datetime.now(UTC) + timedelta(days=3)).date()
FIVE_EAST = timezone(timedelta(hours=5))
YEKATERINBURG = ZoneInfo("Asia/Yekaterinburg")
LOCAL, UNIVERSAL = (9, 18), (6, 15)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    with running_standins() as standins, running_bot(standins, tmp_path_factory.mktemp("calendars")):
        standins.asks(ANNA, "/start")
        standins.wait_until_known()
        yield standins


def content(name: str, *changes: tuple[str, str]) -> bytes:
    text = (FILES / f"{name}.ics").read_bytes().replace(WRITTEN, f"{DAY:%Y%m%d}".encode())
    for old, new in changes:
        assert old.encode() in text
        text = text.replace(old.encode(), new.encode())
    return text


def sent(harness: Standins, file: bytes) -> Seen:
    """Send the file with the command in private, and return the answer."""
    return harness.after(harness.sends_file(ANNA, "duty.ics", file, "/oncall import"), ANNA, ".", ANNA)


def zoned(name: str) -> bytes:
    return content("windows_name_no_vtimezone", ("Ekaterinburg Standard Time", name))


@pytest.mark.parametrize(
    ("file", "zone", "hours"),
    [
        pytest.param(content("tzone_microsoft_utc"), UTC, LOCAL, id="tzone"),
        pytest.param(content("windows_name_no_vtimezone"), YEKATERINBURG, LOCAL, id="name of Windows"),
        pytest.param(content("outlook_customized_zone"), FIVE_EAST, LOCAL, id="own zone of Outlook"),
        pytest.param(content("localized_zone_name"), ZoneInfo("Europe/Berlin"), LOCAL, id="German name"),
        pytest.param(content("x_wr_timezone_only"), YEKATERINBURG, LOCAL, id="zone of the calendar"),
        pytest.param(zoned("GMT+0500"), FIVE_EAST, LOCAL, id="offset"),
        pytest.param(zoned("(UTC+05:00) Yekaterinburg"), YEKATERINBURG, LOCAL, id="as Windows shows it"),
        pytest.param(zoned("Europe/Mos\u200bcow"), ZoneInfo("Europe/Moscow"), LOCAL, id="invisible mark"),
        pytest.param(content("bom"), UTC, UNIVERSAL, id="byte order mark"),
        pytest.param(content("bom").decode("utf-8-sig").encode("utf-16"), UTC, UNIVERSAL, id="UTF-16"),
        pytest.param(content("escaped_comma_folded"), UTC, UNIVERSAL, id="folded title"),
    ],
)
def test_a_shift_is_at_the_time_that_its_zone_says(
    harness: Standins, file: bytes, zone: tzinfo, hours: tuple[int, int]
) -> None:
    preview = sent(harness, file)
    here = harness.station.zone
    begins, ends = (datetime.combine(DAY, time(hour), zone).astimezone(here) for hour in hours)
    (shift,) = [line for line in preview.text.splitlines() if "Anna Ivanova" in line]
    assert f"{begins:%H:%M}" in shift
    assert f"{ends:%H:%M}" in shift
    assert "Use it" in str(preview.buttons)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "tzone://Microsoft/Custom", "GMT+2500", "Моё время"])
def test_an_unknown_zone_is_named_and_nobody_is_called_by_it(harness: Standins, zone: str) -> None:
    answer = sent(harness, zoned(zone))
    assert f"a zone that I do not know: {zone}" in answer
    assert "Use it" not in str(answer.buttons)


def test_a_name_in_an_old_encoding_is_read(harness: Standins) -> None:
    answer = sent(harness, content("yo").decode().encode("cp1251"))
    assert "Семён Фёдоров" in answer


@pytest.mark.parametrize("file", [b"hello calendar", content("bom").replace(b"END:VCALENDAR", b""), b"\xff\xfe"])
def test_a_file_that_is_none_has_advice_about_files(harness: Standins, file: bytes) -> None:
    answer = sent(harness, file)
    assert "The file cannot be read as an iCal calendar" in answer
    assert "address" not in answer

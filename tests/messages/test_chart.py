"""Chart of outages: drawn for any trunk name and any length of the period."""

import struct
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from bot.messages import chart

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
NAMES = ["Zadarma", "Мегафон", "$x$", "$\\frac{", "two\nlines", "x" * 400, "", "$", "\ud83d 中文 😀\u202e", "a_{b"]


def drawing(
    names: list[str], *, length: timedelta = timedelta(days=7), end: datetime = NOW, zone: tzinfo = MOSCOW
) -> chart.Chart:
    down = (end - length / 2, end - length / 3)
    rows = [chart.ChartRow(name, [down], [(end - length, end - length * 0.9)], "83 %") for name in names]
    return chart.Chart("Office $x$ · outages", end - length, end, zone, rows, "works", "down", "not known")


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_hostile_name_is_drawn_as_it_is() -> None:
    width, height = size(chart.drawn(drawing(NAMES)))
    assert (width, height) == (1200, round((1.9 + 0.42 * len(NAMES)) * 150))


def test_a_picture_is_one_that_telegram_takes_as_a_photo() -> None:
    width, height = size(chart.drawn(drawing([f"Trunk {number}" for number in range(300)])))
    assert width + height <= 10_000
    assert height == round((1.9 + 0.42 * chart.MAX_ROWS) * 150)


@pytest.mark.parametrize("length", [timedelta(seconds=1), timedelta(hours=3), timedelta(days=2), timedelta(days=3660)])
def test_every_length_of_a_period_can_be_drawn(length: timedelta) -> None:
    assert size(chart.drawn(drawing(["Zadarma"], length=length)))


def test_nothing_at_all_can_be_drawn() -> None:
    assert size(chart.drawn(drawing([])))


@pytest.mark.parametrize("length", [timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=400)])
@pytest.mark.parametrize("zone", [UTC, MOSCOW, timezone(timedelta(hours=5, minutes=45)), ZoneInfo("America/New_York")])
def test_the_marks_are_round_times_of_the_stations_own_clock(length: timedelta, zone: tzinfo) -> None:
    marks = list(chart._ticks(drawing(["Zadarma"], length=length, zone=zone)))
    assert 2 <= len(marks) <= chart.MAX_TICKS + 1
    assert all(mark.minute % 5 == mark.second == 0 for mark in marks)


def test_a_day_of_25_hours_is_drawn_in_its_true_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    day = drawing([], length=timedelta(hours=25), end=datetime(2026, 10, 25, 23, 0, tzinfo=UTC), zone=berlin)
    local = list(chart._ticks(day))
    places = [chart._hours(day, mark.replace(tzinfo=berlin)) for mark in local]
    assert (local[0].day, local[0].hour, places[0]) == (25, 0, 0.0)
    assert (local[-1].day, places[-1]) == (26, 25.0)
    assert places == sorted(places)


def test_what_was_short_is_still_seen() -> None:
    month = drawing(["Zadarma"], length=timedelta(days=30))
    begin, width = chart._bar(month, (NOW - timedelta(seconds=5), NOW))
    assert width == pytest.approx(30 * 24 * chart.MIN_WIDTH)
    assert begin + width <= 30 * 24 + 1e-6


def test_a_thousand_short_outages_are_drawn_as_what_is_seen_of_them() -> None:
    month = drawing(["Zadarma"], length=timedelta(days=30))
    outages = [(NOW - timedelta(minutes=30 * n), NOW - timedelta(minutes=30 * n - 5)) for n in range(1, 1_400)]
    bars = chart._joined(chart._bar(month, outage) for outage in outages)
    assert len(bars) < 200
    assert chart._joined([(3.0, 1.0), (0.0, 1.0), (0.5, 1.0)]) == [(0.0, 1.5), (3.0, 1.0)]

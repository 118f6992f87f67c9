"""Marks that nobody sees, and signs that look like those of the keyboard, come through every door as what is seen."""

import codecs
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config.environment_file import read_env_file
from bot.config.settings import Settings
from bot.config.stations_file import read_stations
from bot.oncall.calendar import duties, read
from bot.oncall.calendar_text import decoded as calendar_text
from bot.spreadsheet.reader import read as read_table
from bot.spreadsheet.writer import write_excel
from bot.text.normalization import normalized_figures
from bot.text.person_names import folded
from bot.text.phone_numbers import bare
from handlers.employee_import.headers import columns_of
from handlers.employee_import.values import read_cells
from handlers.employees.fields import mobile, number

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
# Each is written around and between what counts.
MARKS = ("\u200b", "\u202a", "\u202c", "\u200e", "\u2066", "\u2060", "\ufeff", "\xad", "\u200d")
HYPHENS = ("\u2010", "\u2011", "\u2012", "\u2013", "\u2212")
SPACES = ("\xa0", "\u202f", "\u2009", "\u3000")


@pytest.mark.parametrize("mark", MARKS)
def test_a_number_without_marks(mark: str) -> None:
    assert mobile(f"{mark}+7 916{mark} 111-00-41{mark}") == "+79161110041"
    assert number(f"{mark}2{mark}01") == "201"
    assert folded(f"Анна{mark} Петрова") == "анна петрова"


@pytest.mark.parametrize("hyphen", HYPHENS)
@pytest.mark.parametrize("space", SPACES)
def test_a_number_with_other_hyphens_and_spaces(hyphen: str, space: str) -> None:
    assert bare(f"8{space}(495){space}111{hyphen}00{hyphen}44") == "84951110044"
    assert normalized_figures(f"\uff0b7{space}916{hyphen}1") == "+7 916-1"


@pytest.mark.parametrize("as_excel", [False, True])
@pytest.mark.parametrize("mark", [*MARKS, *HYPHENS[:2]])
def test_a_cell(mark: str, *, as_excel: bool) -> None:
    seen = "-" if mark in HYPHENS else ""
    rows = [
        ["Но" + mark * (not seen) + "мер", "ФИО", "Моб.\xa0телефон"],
        ["201", f"Анна{mark}Мария", f"8 916 111{mark}00-41"],
    ]
    content = write_excel(rows, "People") if as_excel else "\n".join(map(";".join, rows)).encode()
    header, first = read_table(content).rows
    columns = columns_of(header.cells)
    assert (columns.keys, columns.unknown) == (("number", "name", "mobile"), ())
    cells, problems = read_cells(dict(zip(columns.keys, first.cells, strict=True)))
    assert not problems
    name = cells["name"].replace("\u200d", "")
    assert (name, mobile(cells["mobile"])) == (f"Анна{seen}Мария", "+79161110041")


@pytest.mark.parametrize("mark", MARKS[:-1])
@pytest.mark.parametrize("quotes", ['""', "“”", "„“", "«»"])
def test_the_files_of_settings(tmp_path: Path, mark: str, quotes: str) -> None:
    opening, closing = quotes[0], quotes[1]
    stations = tmp_path / "stations.toml"
    stations.write_text(
        f"{mark}[[station]]\nname\xa0= {opening}acme{mark}{closing}\ntitle = {opening}Acme\u2011Bau{closing} # тест\n"
        f"url = {opening}https://pbx.example.com{closing}\nkey = {opening}{'c0ffee' * 10}beef{closing}\n"
    )
    env = tmp_path / ".env"
    env.write_bytes(codecs.BOM_UTF8 + f"ADMINS{mark}={opening}1\xa02{closing}\nPBX_KEY={mark}abc\r\n".encode())
    assert read_env_file(env) == {"ADMINS": "1 2", "PBX_KEY": "abc"}
    settings = Settings(
        _env_file=None,
        telegram_token=f"1234567890:{'A' * 35}",
        stations_file=stations,
        admins="1",
    )
    (station,) = read_stations(settings, {})
    assert (station.name, station.title) == ("acme", "Acme-Bau")


@pytest.mark.parametrize("mark", MARKS[:-1])
def test_a_calendar(mark: str) -> None:
    zone = f";TZID=Europe/Mos{mark}cow"
    event = ["UID:1", f"SUMMARY:Anna{mark} Ivanova", f"DTSTART{zone}:20261130T090000", f"DTEND{zone}:20261130T180000"]
    lines = [f"{mark}BEGIN:VCALENDAR", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", ""]
    events = read(calendar_text("\r\n".join(lines).encode()), "Asia/Tokyo", NOW)
    found = duties(events, 1, {folded("Anna Ivanova"): 7}.get)
    assert [f"{event.begins.astimezone(UTC):%d %H:%M}" for event in events] == ["30 06:00"]
    assert [folded(event.title) for event in events] == ["anna ivanova"]
    assert found is not None


def test_a_password_is_kept_as_it_is_written() -> None:
    """A cell of a password may have any sign on purpose; those of the person's text are folded."""
    cells, _ = read_cells({"password": "a\u2011b “c”", "name": "Анна\u2011Мария"})
    assert cells == {"password": "a\u2011b “c”", "name": "Анна-Мария"}

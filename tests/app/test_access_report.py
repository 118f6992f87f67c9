"""`mikopbx-bot access` with many PBXs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.access.policy import BUILT_IN, AccessContext, Grant, grants_from
from bot.app.access_report import NotMet, print_report
from bot.config.loading import load_settings
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.config.stations_file import read_stations
from bot.runtime.waiting import Signal
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.access.grants import Grants
from bot.store.database import Database

ADMIN, VERA, CHAT = 1001, 1003, -100500
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MANY = 300


def write_stations() -> None:
    tables = (
        f'[[station]]\nname = "branch{n}"\ntitle = "Branch {n}"\nurl = "https://{n}.example"\nkey = "c0ffee"'
        for n in range(MANY)
    )
    Path("stations.toml").write_text("\n".join(tables))


@pytest.fixture
async def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database, store_file: Path) -> Settings:
    """Settings: Vera is a viewer of branch7, the members of a chat are viewers of branch8."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "TELEGRAM_TOKEN": "1234567890:" + "A" * 35,
        "ADMINS": str(ADMIN),
        "STATIONS_FILE": "stations.toml",
        "DATABASE_URL": f"sqlite:///{store_file}",
    }.items():
        monkeypatch.setenv(name, value)
    write_stations()
    book = Grants(database, lambda: NOW, grants_from(frozenset({ADMIN}), frozenset(), frozenset()), BUILT_IN, Signal())
    for subject, station in ((VERA, "branch7"), (CHAT, "branch8")):
        giver = AccessContext(ADMIN, ADMIN, private=True, station=station, now=NOW)
        await book.grant(Grant(subject, "viewer", station, ADMIN, "Anna"), giver)
    return load_settings()


@pytest.fixture
def stations(settings: Settings) -> tuple[StationSettings, ...]:
    return read_stations(settings, {})


async def test_of_a_person_only_the_pbxs_are_shown_at_which_they_were_given_something(
    settings: Settings, stations: tuple[StationSettings, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    await print_report(settings, stations, str(VERA))
    everywhere, theirs = capsys.readouterr().out.split("Branch 7 (branch7)")
    assert everywhere.startswith("At every PBX")
    assert "role viewer" not in everywhere
    assert "role viewer, from Anna" in theirs
    assert "Branch" not in theirs
    assert str(CHAT) not in theirs


async def test_any_pbx_is_shown_when_it_is_asked_for(
    settings: Settings, stations: tuple[StationSettings, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    await print_report(settings, stations, str(VERA), "branch8")
    printed = capsys.readouterr().out
    assert printed.startswith("Branch 8 (branch8)")
    assert f"in {CHAT}, while a member of it" in printed
    assert "Branch 7" not in printed


async def test_the_grants_at_one_pbx_are_those_that_hold_there(
    settings: Settings, stations: tuple[StationSettings, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    await print_report(settings, stations, "", "branch8")
    printed = capsys.readouterr().out
    assert str(CHAT) in printed
    assert str(ADMIN) in printed
    assert "branch7" not in printed


async def test_a_name_does_nothing_to_the_terminal(
    settings: Settings, stations: tuple[StationSettings, ...], database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.begin() as session:
        contacts.record(session, Contact(VERA, "Vera\x1b[2J\x9b1m\u202e[bold]\nadmin", "vera"))
    for who in ("", str(VERA)):
        await print_report(settings, stations, who, "branch7")
        shown = capsys.readouterr().out
        assert all(line.isprintable() for line in shown.splitlines())
        assert "Vera\\x1b[2J" in shown


async def test_a_pbx_that_is_not_there_is_said_to_be_so(
    settings: Settings, stations: tuple[StationSettings, ...]
) -> None:
    with pytest.raises(NotMet, match="There is no PBX branch999 in the settings"):
        await print_report(settings, stations, str(VERA), "branch999")

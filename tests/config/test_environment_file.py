"""The file .env as editors write it: the program reads it, or says what is wrong with it."""

import codecs
from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import environment, load_settings
from bot.config.settings import Settings
from bot.config.stations_file import read_stations
from bot.config.unknown_names import misspelt_in_environment

WRITTEN = {
    "TELEGRAM_TOKEN": "1234567890:AAtestTestTestTestTestTestTestTestTest0",
    "PBX_URL": "https://pbx.example.com",
    "PBX_API_KEY": "k" * 64,
    "ADMINS": "1001",
    "PBX_NAME": "Офис",
    "ROLE_reception": "calls.read",
}
TEXT = "".join(f"{name}={value}\n" for name, value in WRITTEN.items())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in WRITTEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"PBX_NAME=\n" + TEXT.encode() + b"\nADMINS=\n",
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("1001", "\u202a1001\u202c").encode(),
    ],
)
def test_it_is_read(folder: Path, content: bytes) -> None:
    (folder / ".env").write_bytes(content)
    settings = load_settings()
    assert settings.pbx_name == "Офис"
    assert settings.admins == {1001}
    assert "reception" in settings.roles


def test_the_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text(TEXT)
    monkeypatch.setenv("PBX_NAME", "Branch")
    assert load_settings().pbx_name == "Branch"
    assert environment()["PBX_NAME"] == "Branch"


def test_another_encoding_is_named_with_its_line(folder: Path) -> None:
    (folder / ".env").write_bytes(TEXT.encode("cp1251"))
    with pytest.raises(WrongSettings, match=r"^\.env is not UTF-8, see line 5; save it anew as that$"):
        load_settings()


def test_every_unknown_name_is_told_beside_what_is_missing(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("ADMINS", "ADMIN") + "PASSWORD=x\n")
    with pytest.raises(WrongSettings) as wrong:
        load_settings()
    admin, password, admins = wrong.value.lines
    assert admin == ".env: ADMIN is not a setting; did you mean ADMINS?"
    assert password.startswith(".env: PASSWORD is not a setting; take it out")
    assert admins.startswith("ADMINS: is missing")


def test_the_keys_of_pbxs_are_known_names(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("PBX_", "# PBX_") + "STATIONS_FILE=stations.toml\nACME_KEY=k\n")
    table = '[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey_env = "ACME_KEY"\n'
    (folder / "stations.toml").write_text(table)
    assert [station.name for station in read_stations(load_settings(), environment())] == ["acme"]
    (folder / "stations.toml").write_text(table.replace("ACME_KEY", "OTHER_KEY"))
    with pytest.raises(WrongSettings, match="ACME_KEY is not a setting"):
        load_settings()


def test_a_variable_of_another_program_is_its_own_and_a_slip_is_told() -> None:
    names = ("PATH", "HOME", "LANG", "LC_ALL", "COMPOSE_FILE", "POSTGRES_PASSWORD", "HTTPS_PROXY", "LANGUAGE", "ADMINS")
    assert misspelt_in_environment(names, Settings.model_fields) == []
    (line,) = misspelt_in_environment(["ALERT_CHAT"], Settings.model_fields)
    assert line == "environment: ALERT_CHAT is not a setting; did you mean ALERT_CHATS?"


def test_stations_may_have_a_byte_order_mark(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("PBX_", "# PBX_") + "STATIONS_FILE=stations.toml\n")
    table = '[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey = "k"\n'
    (folder / "stations.toml").write_bytes(codecs.BOM_UTF8 + table.encode())
    assert [station.name for station in read_stations(load_settings(), environment())] == ["acme"]


def test_a_file_of_stations_that_cannot_be_read_is_told_first(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("PBX_", "# PBX_") + "STATIONS_FILE=stations.toml\nACME_KEY=k\n")
    (folder / "stations.toml").write_text("[[station]\n")
    with pytest.raises(WrongSettings, match="is not TOML"):
        read_stations(load_settings(), environment())


def test_a_key_left_behind_is_told_at_the_reload(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("PBX_", "# PBX_") + "STATIONS_FILE=stations.toml\n")
    table = '[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey = "k"\n'
    (folder / "stations.toml").write_text(table)
    settings = load_settings()
    with (folder / ".env").open("a") as file:
        file.write("BRANCH_KEY=k\n")
    with pytest.raises(WrongSettings, match="BRANCH_KEY is not a setting"):
        read_stations(settings, environment())

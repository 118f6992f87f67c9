"""The file .env as editors write it: the program reads it, or says what is wrong with it."""

import codecs
from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.settings import environment, load_settings
from bot.config.stations_file import read_stations

WRITTEN = {
    "TELEGRAM_TOKEN": "1234567890:AAtestTestTestTestTestTestTestTestTest0",
    "PBX_URL": "https://pbx.example.com",
    "PBX_API_KEY": "k" * 64,
    "ADMINS": "1001",
    "PBX_NAME": "Офис",
    "ROLE_reception": "calls.read",
    "OTHER": "value",
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
    assert environment()["OTHER"] == "value"


def test_the_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text(TEXT)
    monkeypatch.setenv("PBX_NAME", "Branch")
    assert load_settings().pbx_name == "Branch"
    assert environment()["PBX_NAME"] == "Branch"


def test_another_encoding_is_named_with_its_line(folder: Path) -> None:
    (folder / ".env").write_bytes(TEXT.encode("cp1251"))
    with pytest.raises(WrongSettings, match=r"^\.env is not UTF-8, see line 5; save it anew as that$"):
        load_settings()


def test_stations_may_have_a_byte_order_mark(folder: Path) -> None:
    (folder / ".env").write_text(TEXT.replace("PBX_", "# PBX_") + "STATIONS_FILE=stations.toml\n")
    table = '[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey = "k"\n'
    (folder / "stations.toml").write_bytes(codecs.BOM_UTF8 + table.encode())
    assert [station.name for station in read_stations(load_settings(), environment())] == ["acme"]

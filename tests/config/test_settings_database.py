"""Database in the settings: a wrong address is refused with a remedy, and its password is shown nowhere."""

from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import load_settings
from bot.config.settings import Settings
from bot.runtime.logs import Redaction

PASSWORD = "S3cr/et@word"
WRITTEN = "S3cr%2Fet%40word"


@pytest.fixture(autouse=True)
def ordinary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("TELEGRAM_TOKEN", "1234567890:AAtestTestTestTestTestTestTestTestTest0"),
        ("PBX_URL", "https://pbx.example.com"),
        ("PBX_API_KEY", "k" * 64),
        ("ADMINS", "1001"),
    ):
        monkeypatch.setenv(name, value)


def settings(monkeypatch: pytest.MonkeyPatch, address: str) -> Settings:
    monkeypatch.setenv("DATABASE_URL", address)
    return load_settings()


ACCEPTED = [
    f"postgresql://bot:{WRITTEN}@db.example/bot",
    f"postgresql://bot:{PASSWORD.replace('@', '%40')}@db.example/bot",
    f"postgresql://bot@db.example:5433/bot?password={WRITTEN}&sslmode=require",
]


@pytest.mark.parametrize("address", ACCEPTED)
def test_the_password_is_a_secret(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    found = settings(monkeypatch, address)
    assert PASSWORD in found.secrets()
    told = Redaction(found.secrets()).clean(f"cannot connect to {address} with {PASSWORD}")
    for form in (PASSWORD, WRITTEN):
        assert form not in told
        assert form not in repr(found)
        assert form not in str(found)


def test_without_a_password_nothing_more_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    of_file = settings(monkeypatch, "sqlite:///bot.sqlite3").secrets()
    assert settings(monkeypatch, "postgresql:///bot?host=/run/postgresql").secrets() == of_file


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("postgresql://bot:S3cr@et@db.example/bot", "%40 for @"),
        ("postgresql://bot@db.example:S3cr/bot", "%2F for /"),
        ("postgresql://bot:S3cret@db.example", "no database"),
        ("postgresql+asyncpg://bot:S3cret@db.example/bot", "write it like"),
        ("mysql://bot:S3cret@db.example/bot", "write it like"),
        ("sqlite+aiosqlite:///bot.sqlite3", "write it like"),
        ("sqlite://bot.sqlite3", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////no/such/folder/bot.sqlite3", "mkdir -p /no/such/folder"),
    ],
)
def test_a_wrong_address_is_refused_with_a_remedy_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str, remedy: str
) -> None:
    with pytest.raises(WrongSettings) as refused:
        settings(monkeypatch, address)
    (line,) = refused.value.lines
    assert line.startswith("DATABASE_URL: ")
    assert remedy in line
    assert "S3cr" not in line


def test_without_its_driver_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.config.addresses.find_spec", lambda _name: None)
    with pytest.raises(WrongSettings, match="needs the extra"):
        settings(monkeypatch, ACCEPTED[0])

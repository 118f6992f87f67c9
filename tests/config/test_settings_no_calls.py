"""Settings of the check for missing calls."""

from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import load_settings

NEEDED = {
    "TELEGRAM_TOKEN": "1234567890:" + "A" * 35,
    "PBX_URL": "https://pbx.example.com",
    "PBX_API_KEY": "c0ffee",
    "ADMINS": "1001",
}


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_nobody_is_alerted_unless_it_is_wanted() -> None:
    settings = load_settings()
    assert settings.no_calls_after == 0
    assert str(settings.no_calls_hours) == "mon-fri 09:00-18:00"


def test_minutes_and_hours_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_CALLS_AFTER", "45")
    monkeypatch.setenv("NO_CALLS_HOURS", "mon-sat 08:00-20:00")
    settings = load_settings()
    assert settings.no_calls_after == 45
    assert settings.no_calls_hours.longest == 12 * 60


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("NO_CALLS_AFTER", "-1", "NO_CALLS_AFTER: is too small; write at least 0"),
        ("NO_CALLS_AFTER", "540", "NO_CALLS_AFTER: NO_CALLS_HOURS never last that long; write less than 540 (minutes)"),
        (
            "NO_CALLS_HOURS",
            "nine to five",
            "NO_CALLS_HOURS: has 'nine' in it; write it like mon-fri 09:00-18:00, sat 10:00-14:00",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as wrong:
        load_settings()
    assert wrong.value.lines == (complaint,)

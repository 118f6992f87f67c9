"""Webhook settings: an address that Telegram cannot reach is rejected before it is used."""

from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import load_settings

TOKEN = "1234567890:AAtestTestTestTestTestTestTestTestTest0"
ELSEWHERE = {"TELEGRAM_API_URL": "http://127.0.0.1:8081"}


@pytest.fixture(autouse=True)
def ordinary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("TELEGRAM_TOKEN", TOKEN),
        ("PBX_URL", "https://pbx.example.com"),
        ("PBX_API_KEY", "k" * 64),
        ("ADMINS", "1001"),
    ):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://bot.example.com", "https://bot.example.com/"),
        ("https://Bot.Example.com/Telegram", "https://bot.example.com/Telegram"),
        ("https://bot.example.com:8443/a/b/", "https://bot.example.com:8443/a/b/"),
        ("", None),
    ],
)
def test_an_address_is_read_in_the_form_in_which_telegram_gives_it_back(
    monkeypatch: pytest.MonkeyPatch, written: str, read: str | None
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", written)
    assert load_settings().webhook_url == read


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("bot.example.com/telegram", "https://"),
        ("http://bot.example.com", "https://"),
        ("https://", "not a web address"),
        ("https://bot.example.com/телеграм", "not a web address"),
        ("https://bot.example.com/a b", "not a web address"),
        ("https://me:secret@bot.example.com", "plain address"),
        ("https://bot.example.com/?secret=x", "plain address"),
        ("https://bot.example.com:8080", "443, 80, 88, 8443"),
        ("https://bot.example.com:port", "not a web address"),
        ("https://127.0.0.1:8443", "the address the world sees"),
    ],
)
def test_what_telegram_would_not_call_is_reported(monkeypatch: pytest.MonkeyPatch, written: str, says: str) -> None:
    monkeypatch.setenv("WEBHOOK_URL", written)
    with pytest.raises(WrongSettings, match=f"^WEBHOOK_URL: .*{says}") as wrong:
        load_settings()
    assert len(wrong.value.lines) == 1
    assert "secret@" not in str(wrong.value)


@pytest.mark.parametrize("written", ["http://localhost:8443/x", "http://127.0.0.1:9999/x", "https://bot.lan:9999/x"])
def test_a_server_of_ones_own_may_call_any_port_and_this_machine(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("WEBHOOK_URL", written)
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    assert load_settings().webhook_url == written


def test_the_secret_comes_of_the_token_alone_and_is_one_telegram_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = load_settings(), load_settings()
    assert first.webhook_secret == again.webhook_secret
    assert len(first.webhook_secret) == 64
    assert int(first.webhook_secret, 16)
    assert first.webhook_secret in first.secrets()
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN[:-1] + "1")
    assert load_settings().webhook_secret != first.webhook_secret

"""Start with invalid settings, and start of the demo.

The real program is started, except where many invalid settings are tried in turn.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.end_to_end import launcher
from tests.end_to_end.harness import ANNA, GROUP, ordinary_settings
from tests.fixtures.examples import ONLY_FIRST_CASES

BARE = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}


def start(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=folder,
        env=BARE | {k: v for k, v in settings.items() if v},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def forked(folder: Path, **settings: str) -> launcher.Ended:
    return launcher.run(folder, BARE | {k: v for k, v in settings.items() if v}, "run")


def test_without_settings_each_missing_one_is_named(tmp_path: Path) -> None:
    ended = start(tmp_path)
    assert ended.returncode == 2
    hint, *lines = ended.stderr.splitlines()
    assert hint == f".env is not in {tmp_path}; change to its folder, or make one: mikopbx-bot setup"
    assert [line.split(":")[0] for line in lines] == ["TELEGRAM_TOKEN", "PBX_URL", "PBX_API_KEY", "ADMINS"]


# Setting, invalid value and error; combined as far as they are reported together.
WRONG = (
    {
        "ADMINS": ("", "obey nobody"),
        "TELEGRAM_TOKEN": ("secret-but-wrong", "BotFather"),
        "TELEGRAM_API_URL": ("http://telegram.example.com", "the bot's token"),
        "CALENDAR_HOSTS": ("https://calendar.example.com/", "the host alone"),
        "PBX_URL": ("ftp://pbx", "web address"),
        "PBX_TLS_VERIFY": ("/no/such/file.pem", "CA file"),
        "PBX_TIMEZONE": ("Mars/Base", "Europe/Moscow"),
        "ALERT_CHATS": ("-100:abc", "chat:thread"),
        "POLL_INTERVAL": ("soon", "number"),
        "LANGUAGE": ("klingon", "en or ru"),
        "LOG_LEVEL": ("LOUD", "DEBUG"),
        "HEALTH_ADDRESS": ("8080", "127.0.0.1:8080"),
        "WEBHOOK_URL": ("http://bot.example.com", "https://"),
        "WEBHOOK_ADDRESS": ("8443", "127.0.0.1:8080"),
        "HEARTBEAT_URL": ("http://hc-ping.com/secret-but-wrong", "use https"),
        "DATABASE_URL": ("nonsense", "sqlite:///"),
        "ROLE_reception": ("calls.listen", "known are access.grant"),
        "TWO_PERSON": ("calls.read", "known are access.grant, employees.delete"),
        "COMMANDS_PER_MINUTE": ("0", "at least 1"),
    },
    {"ADMINS": ("@anna", "numeric"), "ROLE_admin": ("calls.read", "take another name")},
    {"ADMINS": ("-100123", "only people"), "ROLE": ("calls.read", "ROLE_reception=calls.read,status.read")},
    {"PBX_URL": ("http://pbx.example.com", "PBX_ALLOW_HTTP=pbx.example.com")},
)


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_setting_is_one_readable_line(tmp_path: Path, wrong: dict[str, tuple[str, str]]) -> None:
    values = {name: value for name, (value, _) in wrong.items()}
    ended = forked(tmp_path, **(ordinary_settings("http://127.0.0.1:9", tmp_path) | values))
    assert ended.code == 2
    for name, (_, says) in wrong.items():
        assert len(re.findall(rf"^{name}: .*{re.escape(says)}.*$", ended.stderr, re.MULTILINE)) == 1, ended.stderr
    assert len(ended.stderr.splitlines()) == len(wrong)
    assert "secret-but-wrong" not in ended.stderr


def test_a_proxy_that_does_not_answer_is_reported_without_its_password(tmp_path: Path) -> None:
    settings = ordinary_settings("http://127.0.0.1:9", tmp_path)
    settings["TELEGRAM_PROXY"] = "socks5://me:Pr0xy%40Secret@127.0.0.1:9"
    command = [sys.executable, "-m", "bot", "run"]
    with subprocess.Popen(command, cwd=tmp_path, env=BARE | settings, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        told = next(line for line in program.stderr if "Telegram unreachable" in line or "Pr0xy" in line)
        program.kill()
    assert "Pr0xy" not in told
    assert "see whether the proxy of TELEGRAM_PROXY runs" in told


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    settings = ordinary_settings("http://127.0.0.1:9", tmp_path) | {"ADMINS": "anna"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    assert forked(tmp_path).stderr.startswith("ADMINS:")


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[str]:
    """Yield the address that the demo prints."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", *options]
    with subprocess.Popen(command, cwd=folder, env=BARE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield next(m.group() for line in program.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+", line)))
        finally:
            program.terminate()
            program.communicate(timeout=20)


def test_one_command_runs_the_demo_and_prints_its_address(tmp_path: Path) -> None:
    with demo(tmp_path) as address:
        assert "<html" in httpx.get(address).text


@pytest.mark.skipif(ONLY_FIRST_CASES, reason="the same demo with more PBXs takes five seconds: CI has it")
def test_the_demo_shows_several_pbxs_when_it_is_asked_to(tmp_path: Path) -> None:
    with demo(tmp_path, "--pbxs", "3") as address:
        shown = httpx.get(f"{address}/client/config").json()["pbxs"]
        assert shown == {"": "Head office", "/pbx/branch2": "Branch 2", "/pbx/branch3": "Branch 3"}
        assert httpx.get(f"{address}/pbx/branch3/control/state").json()["name"] == "Branch 3"
        httpx.post(f"{address}/client/send", json={"as": ANNA, "chat": GROUP, "text": "/status"})
        assert [["Branch 2", "Branch 3"], ["Head office"]] in (offered(address) for _ in range(60))


def offered(address: str) -> list[list[str]]:
    """Return the buttons of the newest message in the group, after a change."""
    chats = httpx.get(f"{address}/client/state", params={"as": ANNA}).json()
    httpx.get(f"{address}/client/wait", params={"after": chats["seq"], "timeout": 1}, timeout=10)
    messages = next(chat for chat in chats["chats"] if chat["id"] == GROUP)["messages"]
    return [[button["text"] for button in row] for row in messages[-1].get("buttons") or []]

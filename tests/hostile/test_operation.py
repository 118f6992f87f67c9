"""Operation: systemd limits, warnings at startup, and the installed packages."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import load_settings
from bot.config.startup_warnings import startup_warnings
from bot.config.station_settings import StationSettings
from tests.end_to_end.clock import Clock
from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    Standins,
    ordinary_settings,
    press,
    running_bot,
    running_standins,
)
from tests.fixtures import shifted_time, stored
from tests.hostile.fixtures.confined import UNIT, can_confine, directives

ROOT = UNIT.parent.parent
INSTALL = (ROOT / "docs" / "guides" / "install.md").read_text()


def test_the_unit_leaves_the_program_what_it_needs_and_no_more() -> None:
    said = {name: values[-1] for name, values in directives().items()}
    on = {"NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables"}
    on |= {"ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "ProtectHostname"}
    on |= {"RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute"}
    assert {name: said.get(name) for name in on} == dict.fromkeys(on, "yes")
    exactly = {
        "User": "mikopbx-bot",
        "CapabilityBoundingSet": "",
        "AmbientCapabilities": "",
        "ProtectSystem": "strict",
        "ProtectProc": "invisible",
        "ProcSubset": "pid",
        "StateDirectory": "mikopbx-bot",
        "StateDirectoryMode": "0700",
        "UMask": "0077",
        "LimitCORE": "0",
        "OOMPolicy": "continue",
        "SystemCallArchitectures": "native",
        "SystemCallErrorNumber": "EPERM",
    }
    assert {name: said.get(name) for name in exactly} == exactly
    assert directives()["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert re.fullmatch(r"[1-9]\d*[GM]", said["MemoryMax"])
    # The program cannot change its code and settings.
    assert "ReadWritePaths" not in said
    assert not said["WorkingDirectory"].startswith("/opt")
    for told in ("deploy/mikopbx-bot.service", "/usr/sbin/nologin", "sqlite:////var/lib/mikopbx-bot/"):
        assert told in INSTALL
    assert "chown -R mikopbx-bot" not in INSTALL


@pytest.mark.skipif(not can_confine(), reason="needs systemd-analyze")
def test_systemd_finds_the_unit_in_order() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    verified = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if "is not executable" not in line] == []


def always(name: str) -> bytes:
    """Return a calendar with one person on call every day."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", f"SUMMARY:{name}", "RRULE:FREQ=DAILY"]
    return "\r\n".join([*lines, "DTSTART;VALUE=DATE:20250101", "END:VEVENT", "END:VCALENDAR", ""]).encode()


def everything_is_used(harness: Standins) -> None:
    """Use features that need more of the system than chat: a chart, writing and reading a file, a subprocess."""
    harness.wait_until_known()
    harness.breaks("Zadarma")
    harness.wait_for_message("Zadarma is down")
    harness.mends("Zadarma")
    harness.wait_for_message("Zadarma is up|is back|works again|was down")
    listed = harness.asks(ANNA, "/history", GROUP)
    harness.presses(ANNA, listed, "Chart")
    harness.wait_for(lambda: any(m.raw["photo"] for m in harness.from_bot(GROUP)) or None, "the chart")
    harness.asks(ANNA, "/start")
    asked = harness.says(ANNA, "/export_employees")
    written = harness.wait_for(
        lambda: next((m for m in harness.from_bot(ANNA, after=asked) if m.raw["document"]), None), "the export"
    )
    sent = harness.sends_file(ANNA, "employees.xlsx", harness.file_of(written), "/import_employees")
    harness.after(sent, ANNA, "already|nothing|Nothing")
    sent = harness.sends_file(ANNA, "duty.ics", always(str(BORIS)), "/oncall import")
    press(harness, harness.after(sent, ANNA, "Let this calendar say"), "Use it", "the calendar says")


@pytest.mark.long
@pytest.mark.skipif(not can_confine(), reason="needs systemd-analyze and libseccomp")
def test_the_program_does_all_it_does_under_the_limits_of_the_unit(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    # A subprocess uses the machine's clock, not the shifted one of the session.
    clock = Clock(began=time.time() - shifted_time.offset())
    with running_standins(clock=clock) as harness, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(60)
        settings = ordinary_settings(harness.address, tmp_path) | {"NOTIFY_SOCKET": address}
        surroundings = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        command = [sys.executable, "-m", "tests.hostile.fixtures.confined", sys.executable, "-m", "bot", "run"]
        with (tmp_path / "log").open("wb") as log:
            program = subprocess.Popen(
                command,
                cwd=tmp_path,
                env=surroundings | settings | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
                stdout=log,
                stderr=log,
            )
        try:
            while not systemd.recv(1000).startswith(b"READY=1"):
                pass
            everything_is_used(harness)
            status = Path(f"/proc/{program.pid}/status").read_text()
            assert "Seccomp:\t2" in status
            assert "NoNewPrivs:\t1" in status
            # Its files are private.
            assert not stored.in_folder(tmp_path).open_to_others()
        finally:
            program.terminate()
            code = program.wait(20)
        said = (tmp_path / "log").read_text()
        assert code == 0, said
        assert "not permitted" not in said
        assert "Permission" not in said


TELEGRAM = "https://api.telegram.org"


def described(**more: object) -> StationSettings:
    return StationSettings.model_validate({"name": "acme", "title": "Acme", "url": "https://a", "key": "k"} | more)


def test_what_is_dangerous_is_one_line_each_that_says_what_to_do() -> None:
    open_ones = [described(tls_verify=False), described(title="Beta", tls_verify="no"), described(title="Closed")]
    assert startup_warnings([described()], TELEGRAM, as_root=False) == []
    (tls,) = startup_warnings(open_ones, TELEGRAM, as_root=False)
    assert "Acme, Beta" in tls
    assert "Closed" not in tls
    assert "PBX_TLS_FINGERPRINT" in tls
    root, _ = startup_warnings(open_ones, TELEGRAM, as_root=True)
    assert "as a user of its own" in root


@pytest.mark.parametrize(
    ("url", "telegram", "health", "names"),
    [
        ("http://10.0.0.5", TELEGRAM, None, ["PBX_ALLOW_HTTP", "Acme"]),
        ("https://a", "http://10.0.0.6:8081", None, ["TELEGRAM_API_URL", "token"]),
        ("https://a", TELEGRAM, "0.0.0.0:8080", ["HEALTH_ADDRESS=0.0.0.0:8080", "127.0.0.1:8080"]),
        ("https://a", TELEGRAM, "[::]:8080", ["HEALTH_ADDRESS=[::]:8080"]),
        ("http://127.0.0.1", "http://localhost:8081", "127.0.0.1:8080", []),
        ("http://[::1]", TELEGRAM, "[::1]:8080", []),
    ],
)
def test_what_others_can_read_is_reported(url: str, telegram: str, health: str | None, names: list[str]) -> None:
    lines = startup_warnings([described(url=url)], telegram, health, as_root=False)
    assert len(lines) == bool(names)
    assert all(name in lines[0] for name in names)


def test_a_bot_that_speaks_with_this_machine_alone_may_be_root() -> None:
    """Only local addresses, as in the demo."""
    here, there = described(url="http://127.0.0.1:8765/pbx"), described()
    assert startup_warnings([here], "http://localhost:8765/telegram", as_root=True) == []
    assert len(startup_warnings([here], TELEGRAM, as_root=True)) == 1
    assert len(startup_warnings([here, there], "http://localhost:8765/telegram", as_root=True)) == 1


def test_what_is_dangerous_is_said_at_each_start(tmp_path: Path) -> None:
    with running_standins() as harness:
        for _ in range(2):
            with running_bot(harness, tmp_path, PBX_TLS_VERIFY="false") as program:
                lines = program.log.read_text().splitlines()
            assert sum("PBX_TLS_VERIFY=false" in line and "Head office" in line for line in lines) == 1
            assert not any("runs as root" in line for line in lines)


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://api.example.com", True),
        ("http://127.0.0.1:8081", True),
        ("http://10.0.0.5:8081", True),
        ("http://telegram-bot-api:8081", True),
        ("http://api.example.com", False),
        ("http://8.8.8.8:8081", False),
    ],
)
def test_the_token_does_not_travel_over_plain_http(
    address: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (ordinary_settings("http://127.0.0.1:9", tmp_path) | {"TELEGRAM_API_URL": address}).items():
        monkeypatch.setenv(name, value)
    if taken:
        assert load_settings().telegram_api_url == address
        return
    with pytest.raises(WrongSettings, match="TELEGRAM_API_URL: would show the bot's token"):
        load_settings()


def test_what_others_wrote_is_taken_by_its_contents_and_not_by_a_name_that_can_change_hands() -> None:
    for workflow in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        text = workflow.read_text()
        assert re.findall(r"uses: (?!\S+@[0-9a-f]{40} # v[\d.]+\n).*", text) == [], workflow.name
        assert "permissions:\n  contents: read\n" in text, workflow.name
        assert text.count("persist-credentials: false") == text.count("actions/checkout@"), workflow.name
    installed = [
        line
        for file in ("README.md", "docs/guides/install.md", "Makefile", ".ci/run")
        for line in (ROOT / file).read_text().splitlines()
        if re.search(r"pip\W* install", line)
    ]
    assert len(installed) >= 5
    assert [line for line in installed if not re.search(r"--require-hashes|--no-deps", line)] == []

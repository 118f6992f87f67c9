"""`mikopbx-bot install-service`: the unit fits the way the bot is installed, and the commands make it run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot import cli
from bot.app.operation import service
from bot.app.operation.service import ServiceRefused, install, of_the_system, of_this_account
from bot.cli.refusals import EXIT_REFUSED

PIPX = ("/opt/pipx/venvs/mikopbx-bot/bin/mikopbx-bot",)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_service_of_the_system_is_the_unit_of_the_project_with_the_programs_own_path() -> None:
    made = of_the_system(PIPX)
    assert made.path == Path("/etc/systemd/system/mikopbx-bot.service")
    expected = re.sub(r"^ExecStart=.*$", f"ExecStart={PIPX[0]} run", service.TEMPLATE.read_text(), flags=re.MULTILINE)
    assert made.unit.splitlines() == [line for line in expected.splitlines() if not line.startswith("#")]
    settings, started = made.commands[-2:]
    assert settings == "sudo install -D -o mikopbx-bot -m 600 .env /etc/mikopbx-bot/.env"
    assert started.endswith("systemctl enable --now mikopbx-bot")


def test_the_database_of_the_trial_comes_along() -> None:
    Path("mikopbx-bot.sqlite3").touch()
    moved = of_the_system(PIPX).commands[-2]
    assert moved.startswith(
        "sudo install -D -o mikopbx-bot -m 600 mikopbx-bot.sqlite3 /var/lib/mikopbx-bot/bot.sqlite3"
    )


@pytest.mark.parametrize("place", ["/root/.local/bin", "/home/anna/.local/bin", "/tmp/venv/bin"])  # noqa: S108
def test_a_program_that_the_service_could_not_see_is_refused_with_the_remedy(place: str) -> None:
    with pytest.raises(ServiceRefused, match="PIPX_HOME=/opt/pipx"):
        of_the_system((f"{place}/mikopbx-bot",))


def test_the_service_of_an_account_needs_nothing_that_only_root_may(tmp_path: Path) -> None:
    made = of_this_account(("/home/an na/bin/mikopbx-bot",), Path("/home/an na/50% bot"), tmp_path)
    assert 'ExecStart="/home/an na/bin/mikopbx-bot" run\n' in made.unit
    assert "WorkingDirectory=/home/an na/50%% bot\n" in made.unit
    assert "NoNewPrivileges=yes\n" in made.unit
    assert "WatchdogSec=60\n" in made.unit
    assert "WantedBy=default.target\n" in made.unit
    assert not re.search(
        r"^(User|CapabilityBoundingSet|Protect\w+|Private\w+|StateDirectory)=", made.unit, re.MULTILINE
    )
    assert [command.split()[0] for command in made.commands] == ["systemctl", "systemctl", "loginctl"]


def test_it_is_written_once_asked_and_shown_without_writing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = tmp_path / "config" / "systemd" / "user" / "mikopbx-bot.service"
    assert cli.main(["install-service", "--user", "--dry-run"]) == 0
    assert not unit.exists()
    assert f"WorkingDirectory={tmp_path}\n" in capsys.readouterr().out
    assert cli.main(["install-service", "--user"]) == 0
    assert f"WorkingDirectory={tmp_path}\n" in unit.read_text()
    assert capsys.readouterr().out.count("\n") == 4


def test_what_needs_root_and_what_cannot_be_written_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").write_text("no folder")
    assert cli.main(["install-service", "--user"]) == EXIT_REFUSED
    assert capsys.readouterr().err.startswith("Not installed: ")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ServiceRefused, match="--user"):
        install(user=False, dry_run=False)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_both(tmp_path: Path) -> None:
    own = ("/usr/bin/env", "mikopbx-bot")
    for scope, made in (("--system", of_the_system(own)), ("--user", of_this_account(own, tmp_path, tmp_path))):
        unit = tmp_path / scope / "mikopbx-bot.service"
        unit.parent.mkdir()
        unit.write_text(made.unit)
        runtime = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
        command = ["systemd-analyze", scope, "verify", str(unit)]
        verified = subprocess.run(command, env=runtime, capture_output=True, text=True, check=False)
        told = [line for line in verified.stderr.splitlines() if "mikopbx-bot.service" in line]
        assert told == [], scope

"""The wheel that pipx installs, outside of the source tree and without extras."""

import re
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cli.refusals import EXIT_REFUSED
from tests.end_to_end.harness import ANNA, GROUP, Standins, ordinary_settings, running_standins
from tests.fixtures import stored
from tests.fixtures.paths import ROOT
from tests.packages import built
from tests.packages.built import Installed

# Certificates and other programs go by the machine's clock.
pytestmark = pytest.mark.usefixtures("real_time")

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
MAX_MEGABYTES = 120


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return built.installed(wheel, tmp_path_factory.mktemp("installed") / "venv")


@contextmanager
def started(program: Path, standins: Standins, folder: Path, **settings: str) -> Iterator[Path]:
    """Run the program between the stand-ins; yield its log."""
    log = folder / "log"
    environment = (
        {"PATH": "/usr/bin:/bin", "HOME": str(folder)} | ordinary_settings(standins.address, folder) | settings
    )
    with log.open("wb") as output:
        process = subprocess.Popen([program, "run"], cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        standins.wait_for(lambda: "listening" in log.read_text() or process.poll() is not None, "the start", 30)
        yield log
    finally:
        process.terminate()
        code = process.wait(20)
    assert code == 0, log.read_text()


def test_the_wheel_has_everything_that_is_read_and_nothing_of_the_tests(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = {path for package in ("bot", "handlers") for path in (ROOT / package).rglob("*") if path.is_file()}
    assert {str(path.relative_to(ROOT)) for path in sources if "__pycache__" not in path.parts} <= inside
    assert not [name for name in inside if name.startswith(("tests", "docs", "deploy"))]


def test_the_program_is_small(installed: Installed) -> None:
    sizes = installed.megabytes()
    largest = sorted(sizes.items(), key=lambda one: -one[1])[:8]
    assert sum(sizes.values()) <= MAX_MEGABYTES, largest


def test_the_program_says_its_version_and_has_every_command(installed: Installed) -> None:
    told = installed.run("--version").stdout
    assert re.fullmatch(rf"mikopbx-bot {re.escape(VERSION)}( \(commit [0-9a-f]{{8}}\))?, Python 3\.\d+\.\d+\n", told)
    listed = installed.run("--help").stdout
    commands = re.findall(r"^    (\S+)", listed, re.MULTILINE)
    assert {"run", "access", "demo", "database", "install-service"} <= set(commands)
    for command in commands:
        shown = installed.run(command, "--help")
        assert (shown.returncode, shown.stderr) == (0, ""), command


def test_the_demo_names_the_extra_that_it_needs(installed: Installed) -> None:
    ended = installed.run("demo")
    assert (ended.returncode, ended.stderr.count("\n")) == (EXIT_REFUSED, 1)
    assert "pipx inject mikopbx-bot python-multipart" in ended.stderr


def test_the_service_runs_the_program_where_it_is_installed(installed: Installed) -> None:
    unit = installed.run("install-service", "--user", "--dry-run").stdout
    assert f"ExecStart={installed.program} run\n" in unit
    assert f"WorkingDirectory={installed.folder / 'empty'}\n" in unit
    assert "systemctl --user enable --now mikopbx-bot\n" in unit


def test_the_installed_program_does_its_work_without_extras(installed: Installed, tmp_path: Path) -> None:
    with running_standins() as harness, started(installed.program, harness, tmp_path, LANGUAGE="ru") as log:
        harness.wait_until_known()
        assert "Выберите раздел" in harness.asks(ANNA, "/help")
        assert "Zadarma" in harness.asks(ANNA, "/trunks", GROUP)
        for _ in range(2):
            assert "charts" in harness.asks(ANNA, "/history", GROUP)
        harness.breaks("Zadarma")
        harness.wait_for_message("Zadarma")
        assert "📊" not in str(harness.asks(ANNA, "/history", GROUP).buttons)
        told = [line for line in log.read_text().splitlines() if "matplotlib" in line]
        assert len(told) == 1
        assert "pipx inject mikopbx-bot matplotlib" in told[0]
        assert not stored.in_folder(tmp_path).open_to_others()

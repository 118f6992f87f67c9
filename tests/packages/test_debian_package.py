"""The package of Debian: built, installed, run, upgraded, removed and purged in a Debian of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, ordinary_settings, running_standins
from tests.fixtures.paths import ROOT
from tests.packages.debian import done, needs

SCRIPTS = ROOT / "deploy" / "debian"
STATE, SETTINGS = "var/lib/mikopbx-bot", "etc/mikopbx-bot"


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_the_scripts_of_the_package_are_shell_and_stop_at_an_error(script: str) -> None:
    text = (SCRIPTS / script).read_text()
    assert text.startswith("#!/bin/sh\nset -e\n")
    subprocess.run(["sh", "-n", SCRIPTS / script], check=True)
    # A machine without systemd running, such as a container, has the files alone.
    for line in re.findall(r"^ *systemctl .*$", text, re.MULTILINE):
        assert "[ -d /run/systemd/system ]" in text, line


@pytest.mark.long
@needs("dpkg-deb")
def test_the_package_is_installed_runs_and_leaves_nothing_behind(debian_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    # Not by Python, which would copy /dev/full by reading it: it never ends.
    done(["cp", "--archive", "--one-file-system", debian_root, root])
    done([SCRIPTS / "build", tmp_path])
    (package,) = tmp_path.glob("*.deb")
    shutil.copy(package, root / "srv")

    def inside(*command: str) -> str:
        return done(["chroot", root, *command])

    told = inside("dpkg", "--install", f"/srv/{package.name}")
    assert "systemctl enable --now mikopbx-bot" in told
    assert re.match(r"mikopbx-bot \d+\.\d+\.\d+", inside("mikopbx-bot", "--version"))
    environment = root / SETTINGS / ".env"
    owner = inside("stat", "-c", "%a %U", f"/{SETTINGS}/.env", f"/{SETTINGS}")
    assert owner.splitlines() == ["600 mikopbx-bot", "750 root"]
    unit = (root / "lib/systemd/system/mikopbx-bot.service").read_text()
    assert "ExecStart=/usr/lib/mikopbx-bot/bin/mikopbx-bot run\n" in unit
    assert "ProtectSystem=strict\n" in unit

    # As the unit runs it: its account, its folders, the settings in .env.
    inside("install", "-d", "-o", "mikopbx-bot", "-m", "700", f"/{STATE}")
    with running_standins() as harness:
        settings = ordinary_settings(harness.address, tmp_path)
        del settings["DATABASE_URL"]
        environment.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        log = tmp_path / "log"
        start = f"cd /{SETTINGS} && umask 077 && STATE_DIRECTORY=/{STATE} exec mikopbx-bot run"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["chroot", "--userspec=mikopbx-bot:mikopbx-bot", root, "sh", "-c", start], stdout=output, stderr=output
            )
        try:
            harness.wait_for(lambda: "listening" in log.read_text() or process.poll() is not None, "the start", 40)
            harness.wait_until_known()
            assert "Zadarma" in harness.asks(ANNA, "/trunks")
        finally:
            process.terminate()
            code = process.wait(20)
        assert code == 0, log.read_text()
    assert (root / STATE / "bot.sqlite3").stat().st_mode & 0o777 == 0o600

    # An upgrade keeps the settings, a removal too, a purge nothing.
    written = environment.read_text()
    inside("dpkg", "--install", f"/srv/{package.name}")
    assert environment.read_text() == written
    inside("dpkg", "--remove", "mikopbx-bot")
    assert not (root / "usr/lib/mikopbx-bot").exists()
    assert environment.read_text() == written
    inside("dpkg", "--purge", "mikopbx-bot")
    assert not [path for path in root.rglob("*mikopbx-bot*") if "srv" not in path.parts and "log" not in path.parts]
    assert "mikopbx-bot" not in (root / "etc/passwd").read_text()

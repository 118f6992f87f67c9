"""The wheel, built and installed as a person does it, but without the internet: what it depends on is taken from the
developers' environment, in the versions of requirements.lock and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.fixtures.paths import ROOT

SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
# What a new environment has and pipx keeps outside of it.
TOOLS = re.compile(r"pip|setuptools|pkg_resources|_distutils_hack|distutils")


@dataclass(frozen=True)
class Installed:
    """Environment at `folder` with the program in it."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "mikopbx-bot"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the program in an empty folder, with nothing of this process's environment."""
        elsewhere = self.folder / "empty"
        elsewhere.mkdir(exist_ok=True)
        return subprocess.run(
            [self.program, *arguments],
            cwd=elsewhere,
            env={"PATH": "/usr/bin:/bin", "HOME": str(elsewhere)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def megabytes(self) -> dict[str, float]:
        """Return the size on the disk of each package with its bytecode, without pip."""
        packages = next(self.folder.glob("lib/python3.*/site-packages")).iterdir()
        return {entry.name: _size(entry) / 1e6 for entry in packages if not TOOLS.match(entry.name)}


def wheel(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


def installed(built: Path, folder: Path) -> Installed:
    """Install the wheel and the packages of requirements.lock into a new environment."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        _copy(name, packages)
    python = folder / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", "--no-compile", built], check=True)
    subprocess.run([*pip, "check"], check=True)
    subprocess.run([python, "-m", "compileall", "-q", "-j", "2", packages], check=True)
    return Installed(folder)


def _copy(name: str, packages: Path) -> None:
    try:
        files = metadata.distribution(name).files or ()
    except metadata.PackageNotFoundError:  # for another system or release of Python
        return
    for file in files:
        if ".." not in file.parts and file.suffix != ".pyc":
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(SITE_PACKAGES / file, target)
            except OSError:  # on another disk
                shutil.copy2(SITE_PACKAGES / file, target)


def _size(entry: Path) -> int:
    files = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
    return sum(file.stat().st_blocks * 512 for file in files)

"""A minimal Debian in a folder, in which packages and images are tried without a daemon and without a registry."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT

MIRROR = "http://deb.debian.org/debian"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip unless `make packages` runs, which takes minutes and the internet. There, fail without root and tools."""
    asked = os.environ.get("PACKAGES_TEST") == "required"
    absent = [tool for tool in ("debootstrap", *tools) if shutil.which(tool) is None]
    if asked and (absent or os.geteuid() != 0):
        raise RuntimeError(f"make packages needs root and {' '.join(absent) or 'nothing else'}")
    return pytest.mark.skipif(not asked, reason="played by make packages")


def made(folder: Path) -> Path:
    """Install Debian with Python and nothing else."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    packages = "--include=python3,ca-certificates"
    done(["debootstrap", "--variant=minbase", packages, release, folder, MIRROR])
    return folder


def done(command: list[str | Path], folder: Path = ROOT, **environment: str) -> str:
    """Run a command; return what it printed, and show it if it fails."""
    ended = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout

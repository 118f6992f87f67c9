"""A minimal Debian in a folder, in which packages and images are tried without a daemon and without a registry."""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT

MIRROR = "http://deb.debian.org/debian"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@cache
def missing(*tools: str) -> str:
    """Return why nothing can be built here, "" if it can."""
    if absent := [tool for tool in ("debootstrap", *tools) if shutil.which(tool) is None]:
        return f"not installed: {' '.join(absent)}"
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "needs a root that may mount"
    return ""


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip without the tools, unless PACKAGES_TEST=required: CI sets it."""
    reason = missing(*tools)
    return pytest.mark.skipif(bool(reason) and os.environ.get("PACKAGES_TEST") != "required", reason=reason)


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

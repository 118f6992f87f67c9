"""`mikopbx-bot --version`: what is installed, for a report of a fault."""

import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "mikopbx-bot"
# Written into the wheel by hatch_build.py.
COMMIT_FILE = Path(__file__).with_name("commit.txt")
CHECKOUT = Path(__file__).parents[3]


def described() -> str:
    """Return `mikopbx-bot 0.2.0 (commit 14951e2c), Python 3.11.7`; the commit if it is known."""
    commit = _commit()
    shown = f" (commit {commit})" if commit else ""
    return f"{DISTRIBUTION} {_version()}{shown}, Python {platform.python_version()}"


def _version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from a source tree
        return "of a source tree"


def _commit() -> str:
    """Return the commit that the wheel was built from, that pip installed, or that is checked out."""
    if COMMIT_FILE.is_file():
        return COMMIT_FILE.read_text("utf-8").strip()
    return _installed_commit() or _checked_out_commit()


def _installed_commit() -> str:
    """Return what pip noted for `pip install git+https://…` (PEP 610)."""
    try:
        noted = metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}"
    except metadata.PackageNotFoundError:
        return ""
    commit = json.loads(noted).get("vcs_info", {}).get("commit_id", "")
    return str(commit)[:8]


def _checked_out_commit() -> str:
    if not (CHECKOUT / ".git").exists():
        return ""
    command = ("git", "-C", str(CHECKOUT), "rev-parse", "--short=8", "HEAD")
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""

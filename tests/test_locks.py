"""The two lock files: what the bot needs, and what developing needs, which is that and more."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(file: str) -> dict[str, list[str]]:
    """The hashes of each pinned requirement, with its version and marker: of one package there may be several."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / file).read_text().splitlines():
        if pin := re.match(r"[a-z0-9-]+==[^\\]+", line):
            pins[pin[0].strip()] = hashes = []
        elif line.startswith("    --hash="):
            hashes.append(line.strip(" \\"))
    return pins


def packages(file: str) -> set[str]:
    return {pin.split("==")[0] for pin in locked(file)}


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", requirement)[0].replace("_", "-").lower() for requirement in requirements}


def test_what_the_bot_needs_is_locked_as_the_developers_have_it() -> None:
    developers = locked("requirements-dev.lock")
    for pin, hashes in locked("requirements.lock").items():
        assert developers.get(pin) == hashes, pin


def test_everything_locked_has_hashes() -> None:
    assert all(locked("requirements-dev.lock").values())


def test_the_bot_is_installed_without_the_developers_tools() -> None:
    project = PROJECT["project"]
    program = wanted(project["dependencies"] + project["optional-dependencies"]["charts"])
    tools = wanted(PROJECT["dependency-groups"]["dev"])
    assert program <= packages("requirements.lock")
    assert not tools & packages("requirements.lock")
    assert tools <= packages("requirements-dev.lock")

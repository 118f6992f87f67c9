"""Lock files: the bot's is part of the demo's, and the demo's part of the developers'."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.fixtures.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(file: str) -> dict[str, list[str]]:
    """Return the hashes of each pinned requirement, by name, version and marker: a package may have several pins."""
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


def test_what_the_bot_needs_is_locked_as_the_demo_and_the_developers_have_it() -> None:
    demo, developers = locked("requirements-demo.lock"), locked("requirements-dev.lock")
    for pin, hashes in locked("requirements.lock").items():
        assert demo.get(pin) == hashes, pin
    for pin, hashes in demo.items():
        assert developers.get(pin) == hashes, pin


@pytest.mark.parametrize(
    "file", ["requirements-dev.lock", ".ci/uv.lock", ".ci/pip-audit.lock", ".ci/mkdocs-material.lock"]
)
def test_everything_locked_has_hashes(file: str) -> None:
    assert all(locked(file).values())
    assert locked(file)


def test_the_bot_is_installed_without_the_developers_tools() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    program = wanted(project["dependencies"] + extras["charts"] + extras["postgresql"])
    shown = wanted(extras["demo"])
    tools = wanted(PROJECT["dependency-groups"]["dev"])
    assert program <= packages("requirements.lock")
    assert not (tools | shown) & packages("requirements.lock")
    assert shown <= packages("requirements-demo.lock")
    assert tools <= packages("requirements-dev.lock")


def test_the_demo_alone_needs_what_production_does_without() -> None:
    """Without the demo's packages the program still loads, webhook and health included."""
    absent = "".join(f"sys.modules[{name!r}] = None\n" for name in ("multipart", "python_multipart"))
    modules = "bot.app.application, bot.health.endpoints, bot.telegram.updates.webhook"
    loaded = f"import {modules}\nassert 'bot.demo' not in sys.modules"
    subprocess.run([sys.executable, "-c", f"import sys\n{absent}{loaded}"], check=True, cwd=ROOT)


# First versions without vulnerabilities known at the time of writing: CVE-2025-27516, CVE-2025-62727 and those of
# python-multipart up to CVE-2026-53540.
MENDED = {"jinja2": (3, 1, 6), "starlette": (0, 49, 1), "python-multipart": (0, 0, 31)}


def test_no_version_with_a_known_hole_is_allowed() -> None:
    project = PROJECT["project"]
    allowed = [*project["dependencies"], *project["optional-dependencies"]["demo"]]
    floors = {name: version.split(",")[0] for name, _, version in (one.partition(">=") for one in allowed)}
    for name, mended in MENDED.items():
        assert tuple(map(int, floors[name].split("."))) >= mended, name

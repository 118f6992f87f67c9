"""Pins of the lock files, and what can be checked of them without the internet (make locked)."""

import re
import sys
from collections.abc import Iterator
from importlib import metadata

from tests.fixtures.paths import ROOT

PROGRAM, DEVELOPERS = "requirements.lock", "requirements-dev.lock"
FILES = (PROGRAM, "requirements-full.lock", "requirements-demo.lock", DEVELOPERS)
TOOLS = (".ci/uv.lock", ".ci/pip-audit.lock", ".ci/cyclonedx-bom.lock", ".ci/mkdocs-material.lock")
WHEELS_ONLY = "--only-binary :all:"
LINE = re.compile(
    r"(?P<pin>[a-z0-9-]+(?:\[[a-z,]+\])?==[^\\]+?)(?: \\)?|    --hash=sha256:[0-9a-f]{64}(?: \\)?|    #.*|"
)


def pins(file: str) -> dict[str, list[str]]:
    """Return the hashes of each pinned requirement, by name, version and marker: a package may have several pins."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / file).read_text().splitlines():
        if pin := re.match(r"[a-z0-9-]+==[^\\]+", line):
            found[pin[0].strip()] = hashes = []
        elif line.startswith("    --hash="):
            hashes.append(line.strip(" \\"))
    return found


def faults(file: str) -> Iterator[str]:
    """Yield what of this file would be installed without being known beforehand."""
    first, *lines = (ROOT / file).read_text().splitlines()
    if first != WHEELS_ONLY:
        yield f"{file}: {WHEELS_ONLY} is missing: the source of a package would be run to install it"
    for line in lines:
        if LINE.fullmatch(line) is None:
            yield f"{file}: not a pin, a hash or a comment: {line}"
    for pin, hashes in pins(file).items():
        if not hashes:
            yield f"{file}: {pin} has no hash"


def differences() -> Iterator[str]:
    """Yield each package of this environment that has another version than the lock names."""
    named: dict[str, set[str]] = {}
    for pin in pins(DEVELOPERS):
        name, version = pin.partition(" ")[0].split("==")
        named.setdefault(name, set()).add(version)
    for name, versions in named.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:  # for another system or release of Python
            continue
        if installed not in versions:
            yield f"{name} {installed} is installed, {DEVELOPERS} names {' or '.join(sorted(versions))}"


def main() -> int:
    found = [fault for file in (*FILES, *TOOLS) for fault in faults(file)] + list(differences())
    for file in (*FILES, *TOOLS):
        print(f"{file}: {len(pins(file))} packages")
    print(*found or ["Each has a version and hashes, comes as a wheel, and is installed in that version."], sep="\n")
    print("This does not know what has been published of these versions: make advisories asks the internet.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the table of releases says of the one that a PBX has. Pure.

A key with limited rights is told no version; then the dialect says how old the release is at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.config.known_releases import KnownFault, KnownReleases, version_of
from bot.pbx.client import Dialect


@dataclass(frozen=True, slots=True)
class Behind:
    """How many releases are newer, and how many of them close a hole; `at_least` where only the dialect is known."""

    releases: int
    security: int
    at_least: bool = False


def faults_of(table: KnownReleases, release: str | None, dialect: Dialect | None) -> Sequence[KnownFault]:
    """Return the known faults of a release, or of all releases that speak the dialect."""
    if release is not None:
        return [one for one in table.faults if version_of(release) < version_of(one.fixed_in)]
    if dialect is Dialect.EARLIER:
        return [one for one in table.faults if version_of(Dialect.FROM_2026_3_40) <= version_of(one.fixed_in)]
    return ()


def behind(table: KnownReleases, release: str | None, dialect: Dialect | None) -> Behind | None:
    """Return how far behind it is; None if unknown."""
    if release is not None:
        newer = [one for one in table.releases if version_of(release) < version_of(one.version)]
    elif dialect is Dialect.EARLIER:
        newer = [one for one in table.releases if version_of(Dialect.FROM_2026_3_40) <= version_of(one.version)]
    else:
        return None
    return Behind(len(newer), sum(one.security for one in newer), at_least=release is None)

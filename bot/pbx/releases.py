"""Releases of MikoPBX with a fault that matters to the bot or to who uses it. Pure.

Only what is known of a release stands here: measured, or said by its authors. A key with limited rights is told no
version; then the dialect says how old the release is at most.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.pbx.client import Dialect

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KnownFault:
    """Fault of all releases before `fixed_in`; `costs` is what it does. Messages word it by its `name`, in
    `_kind_pbx_release.html`."""

    name: str
    fixed_in: str
    costs: str
    remedy: str


KNOWN_FAULTS = (
    # Measured on 2026.1; its authors say that 2026.6.99 closed it.
    KnownFault(
        "open_recordings",
        "2026.6.99",
        "it gives recordings to anybody who knows their place, without a key",
        "update MikoPBX to 2026.6.99 or newer, or let its firewall admit only your own networks to the web port",
    ),
)


def version_of(text: str) -> Version:
    """Return the numbers of a version: 2026.1.233-dev is (2026, 1, 233)."""
    return tuple(int(number[:9]) for number in re.findall(r"\d+", text.partition("-")[0])[:4])


def faults_of(release: str | None, dialect: Dialect | None) -> Sequence[KnownFault]:
    """Return the known faults of a release, or of all releases that speak the dialect."""
    if release is not None:
        return [one for one in KNOWN_FAULTS if version_of(release) < version_of(one.fixed_in)]
    if dialect is Dialect.EARLIER:
        newer = version_of(Dialect.FROM_2026_3_40)
        return [one for one in KNOWN_FAULTS if newer <= version_of(one.fixed_in)]
    return ()

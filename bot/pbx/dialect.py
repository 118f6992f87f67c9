"""API dialect of a MikoPBX, detected from its trunk states: no endpoint reports the version to an API key. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from bot.pbx.resources.trunks import TrunkStatus


class Dialect(StrEnum):
    """Dialects by the first release known to use them."""

    EARLIER = "2026.1"
    FROM_2026_3_40 = "2026.3.40"


def told_by(trunks: Iterable[TrunkStatus]) -> Dialect | None:
    """Return the dialect; None while undetermined.

    Measured: 2026.3.40 colors rejected and unregistered trunks red, April grey; only 2026.3.40 gives a reason for a
    partial outage.
    """
    for trunk in trunks:
        if trunk.degraded_reason:
            return Dialect.FROM_2026_3_40
        if trunk.state.strip().lower() in ("rejected", "unregistered") and trunk.color in ("red", "grey"):
            return Dialect.FROM_2026_3_40 if trunk.color == "red" else Dialect.EARLIER
    return None

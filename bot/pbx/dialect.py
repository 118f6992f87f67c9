"""Which MikoPBX speaks: no endpoint tells its version to a key, so it is told by how it shows its trunks. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from bot.pbx.resources.trunks import TrunkStatus


class Dialect(StrEnum):
    """By the first release known to speak so."""

    EARLIER = "2026.1"
    FROM_2026_3_40 = "2026.3.40"


def told_by(trunks: Iterable[TrunkStatus]) -> Dialect | None:
    """None while nothing shows it. Measured: 2026.3.40 paints what is rejected or unregistered red, April's grey; and
    only it gives half an outage a reason."""
    for trunk in trunks:
        if trunk.degraded_reason:
            return Dialect.FROM_2026_3_40
        if trunk.state.strip().lower() in ("rejected", "unregistered") and trunk.color in ("red", "grey"):
            return Dialect.FROM_2026_3_40 if trunk.color == "red" else Dialect.EARLIER
    return None

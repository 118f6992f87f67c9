"""States that the PBX shows for each condition of a trunk, and the delays of detection.

Between an event (a provider dies) and the state are registration renewals, OPTIONS rounds and retries. Delays were
measured on a real PBX, in seconds, less the ten seconds its status cache may add.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

# Releases that the stand-in plays; they differ in their answers, and none of them gives its number. Most recordings are
# of `2026.1`; `2026.9` has the trunk states that came with 2026.3.40.
Dialect = Literal["2026.1", "2026.9"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
NEWEST: Final[Dialect] = "2026.9"
# `iax_untold`: an IAX trunk whose state the PBX does not report.
Kind = Literal["outbound", "inbound", "none", "unqualified", "iax", "iax_untold"]
Condition = Literal[
    "ok",
    "wrong_password",
    "provider_dead",
    "provider_silent",
    "unregistered",
    "lagged",
    "no_answer_to_qualify",
    "weird_state",
]
# `disabled` and `enabled` change the PBX's record; at its reload Asterisk has the trunk `unloaded` or `loaded`.
# `unregistered_by_pbx`: an un-REGISTER was sent, which ends Asterisk's own retries.
Event = Literal[
    "created",
    "disabled",
    "enabled",
    "loaded",
    "unloaded",
    "unregistered_by_pbx",
    "asterisk_stopped",
    "asterisk_started",
]
CONDITIONS: Final[tuple[Condition, ...]] = get_args(Condition)
AT_ONCE: Final = math.inf


@dataclass(frozen=True)
class TrunkChange:
    """Change of a trunk. `pace` divides the delays of detection; AT_ONCE removes them."""

    at: float
    what: Condition | Event
    pace: float = 1.0


@dataclass(frozen=True)
class TrunkStatusView:
    """State in its exact case, and `contactStatus` (None: no contact in Asterisk)."""

    state: str
    contact: str | None = None


OFF: Final = TrunkStatusView("OFF")
_UP: Final[dict[Kind, TrunkStatusView]] = {
    "outbound": TrunkStatusView("registered", "Reachable"),
    "inbound": TrunkStatusView("REGISTERED", "Reachable"),
    "none": TrunkStatusView("OK", "Reachable"),
    "unqualified": TrunkStatusView("OK", "NonQualified"),
    "iax": TrunkStatusView("registered"),
    "iax_untold": TrunkStatusView("unregistered"),
}
_DEAD: Final[dict[Kind, TrunkStatusView]] = {
    # A registrar that does not answer looks like one that refuses, except for the contact.
    "outbound": TrunkStatusView("rejected", "Unreachable"),
    "inbound": TrunkStatusView("UNREGISTERED"),
    "none": TrunkStatusView("UNKNOWN", "Unreachable"),
    "unqualified": TrunkStatusView("OK", "NonQualified"),
    "iax": TrunkStatusView("unregistered"),
    "iax_untold": TrunkStatusView("unregistered"),
}
_REFUSED: Final = _DEAD | {
    "outbound": TrunkStatusView("rejected", "Reachable"),
    "none": _UP["none"],
    "iax": TrunkStatusView("rejected"),
}
_SILENT_TO_QUALIFY: Final = _UP | {
    "outbound": TrunkStatusView("registered", "Unreachable"),
    "inbound": TrunkStatusView("REGISTERED", "Unreachable"),
    "none": _DEAD["none"],
    "iax": TrunkStatusView("unreachable"),
}
_UNREGISTERED: Final = _DEAD | {"outbound": TrunkStatusView("unregistered", "Reachable")}
ENGINE_GONE: Final[dict[Kind, TrunkStatusView]] = dict.fromkeys(_UP, TrunkStatusView("UNKNOWN")) | {
    "inbound": TrunkStatusView("UNREGISTERED"),
    "iax_untold": TrunkStatusView("unregistered"),
}


def settled(kind: Kind, condition: Condition) -> TrunkStatusView:
    """Return the state after the condition is detected."""
    match condition:
        case _ if kind == "iax_untold":
            return _UP[kind]
        case "ok":
            return _UP[kind]
        case "wrong_password":
            return _REFUSED[kind]
        case "provider_dead" | "provider_silent":
            return _DEAD[kind]
        case "unregistered":
            return _UNREGISTERED[kind]
        case "no_answer_to_qualify":
            return _SILENT_TO_QUALIFY[kind]
        case "lagged":
            return replace(_UP[kind], state="lagged")
        case "weird_state":
            return replace(_UP[kind], state="Hibernating")


# Seconds until contactStatus changes, and until the state changes.
NOTICED: Final[dict[tuple[Kind, Condition], tuple[float, float]]] = {
    ("outbound", "provider_dead"): (18, 120),
    ("outbound", "provider_silent"): (37, 77),
    ("outbound", "wrong_password"): (0, 110),
    ("outbound", "no_answer_to_qualify"): (37, 0),
    ("inbound", "provider_dead"): (110, 110),
    ("inbound", "provider_silent"): (47, 47),
    ("inbound", "no_answer_to_qualify"): (37, 0),
}
NOTICED_OTHERWISE: Final[dict[Kind, tuple[float, float]]] = {
    "outbound": (0, 45),
    "inbound": (45, 45),
    "none": (17, 17),
    "unqualified": (5, 5),
    "iax": (60, 60),
    "iax_untold": (0, 0),
}
# Retry interval after a refused password.
REFUSED_RETRY: Final = 300.0
# By the condition that ends.
MENDED: Final[dict[tuple[Kind, Condition], tuple[float, float]]] = {
    ("outbound", "provider_dead"): (60, 28),
    ("outbound", "provider_silent"): (60, 20),
    ("outbound", "wrong_password"): (0, REFUSED_RETRY),
    ("outbound", "no_answer_to_qualify"): (30, 0),
    ("inbound", "provider_silent"): (1, 1),
    ("inbound", "provider_dead"): (18, 18),
    ("none", "provider_dead"): (38, 38),
}
MENDED_OTHERWISE: Final[dict[Kind, tuple[float, float]]] = {
    "outbound": (20, 20),
    "inbound": (18, 18),
    "none": (30, 30),
    "unqualified": (5, 5),
    "iax": (30, 30),
    "iax_untold": (0, 0),
}

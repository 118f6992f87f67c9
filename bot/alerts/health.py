"""What the PBX's words for a trunk's state mean. One function reads them all."""

from enum import StrEnum


class Health(StrEnum):
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    OFF = "off"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why a trunk is down. Its own state tells some; the last two are told by its neighbours (`causes.py`)."""

    CREDENTIALS_REFUSED = "credentials_refused"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"
    NAME_NOT_RESOLVED = "name_not_resolved"
    OWN_INTERNET = "own_internet"


WORKING = frozenset({"registered", "ok"})
BROKEN = frozenset({"unregistered", "rejected", "unreachable"})


def read_health(state: str, contact_status: str | None) -> Health:
    """The PBX writes the same state in upper case for trunks that register with it, so case means nothing.

    Measured: a provider that dies stays `registered` for up to two minutes while its contact is already Unreachable;
    an IP trunk without registration that dies is shown as UNKNOWN with an Unreachable contact, never `unreachable`.
    """
    word, contact = state.strip().lower(), (contact_status or "").strip().lower()
    if word in WORKING:
        return Health.DEGRADED if contact == "unreachable" else Health.UP
    if word == "lagged":
        return Health.DEGRADED
    if word in BROKEN:
        return Health.DOWN
    if word == "off":
        return Health.OFF
    return Health.DOWN if word == "unknown" and contact == "unreachable" else Health.UNKNOWN


def cause_of(state: str, contact_status: str | None) -> Cause:
    """Measured: a dead registrar is reported as `rejected`, exactly like a wrong password; only the contact tells."""
    contact = (contact_status or "").strip().lower()
    if contact == "unreachable":
        return Cause.NO_ANSWER
    if contact == "reachable" and state.strip().lower() == "rejected":
        return Cause.CREDENTIALS_REFUSED
    return Cause.UNKNOWN


def is_inbound(state: str) -> bool:
    """The PBX writes in upper case the states of trunks whose provider registers with it."""
    return state.strip() in ("REGISTERED", "UNREGISTERED")

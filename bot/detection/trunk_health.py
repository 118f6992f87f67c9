"""What the PBX's words for a trunk mean, in every dialect: one table for states, one for contacts.

Measured on MikoPBX 2026.1 (April) and on the status code of 2026.3.40. Both write the same state in upper case for
trunks whose provider registers with the PBX.
"""

from enum import StrEnum

from bot.pbx import TrunkStatus


class Health(StrEnum):
    """`PARTIAL` is half an outage: the registration holds, and the provider does not answer OPTIONS. Measured: calls
    out over the trunk fail at once, calls in come. Of an `UNWATCHED` trunk the PBX does not tell the state."""

    UP = "up"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    DOWN = "down"
    OFF = "off"
    UNKNOWN = "unknown"
    UNWATCHED = "unwatched"


class Contact(StrEnum):
    """Whether the provider answers OPTIONS; `UNASKED` while the PBX does not ask it (*qualify* off)."""

    ANSWERS = "answers"
    SILENT = "silent"
    UNASKED = "unasked"
    NONE = "none"


class Cause(StrEnum):
    """Why a trunk is down. Its own state tells some, its neighbours (`causes.py`) and what came before (`machine.py`)
    the others."""

    CREDENTIALS_REFUSED = "credentials_refused"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"
    NAME_NOT_RESOLVED = "name_not_resolved"
    OWN_INTERNET = "own_internet"
    # The PBX's own fail2ban keeps the provider's address out.
    BANNED = "banned"


# The provider is not heard.
SILENT = frozenset({Cause.NO_ANSWER, Cause.NAME_NOT_RESOLVED, Cause.OWN_INTERNET, Cause.BANNED})

STATES = {
    "registered": Health.UP,
    "ok": Health.UP,
    "lagged": Health.DEGRADED,
    "unregistered": Health.DOWN,
    "rejected": Health.DOWN,
    "unreachable": Health.DOWN,
    "off": Health.OFF,
    "unknown": Health.UNKNOWN,
}
CONTACTS = {
    "reachable": Contact.ANSWERS,
    "avail": Contact.ANSWERS,
    "available": Contact.ANSWERS,
    "unreachable": Contact.SILENT,
    "unavail": Contact.SILENT,
    "unavailable": Contact.SILENT,
    "nonqualified": Contact.UNASKED,
    "nonqual": Contact.UNASKED,
}


def health_of(trunk: TrunkStatus, registration: str = "") -> Health:
    """`registration` is the trunk's kind of it (outbound, inbound, none) where that is known.

    Measured: a trunk without registration whose provider dies is UNKNOWN with an Unreachable contact. From 2026.3.40
    half an outage is `unreachable` with a reason, before that `registered` with an Unreachable contact. An IAX trunk
    that does not register is `unregistered` for ever, though Asterisk reaches it."""
    word, contact = _word(trunk.state), contact_of(trunk.contact_status)
    health = STATES.get(word, Health.UNKNOWN)
    if trunk.is_iax:
        says_nothing = not word or (word == "unregistered" and registration in ("inbound", "none"))
        return Health.UNWATCHED if says_nothing else health
    if word == "unreachable" and trunk.degraded_reason.startswith("registered"):
        return Health.PARTIAL
    if contact is Contact.SILENT:
        if health is Health.UP:
            return Health.PARTIAL if word == "registered" and not is_inbound(trunk.state) else Health.DEGRADED
        if word == "unknown":
            return Health.DOWN
    return health


def health_of_word(state: str, *, iax: bool = False) -> Health:
    """Of a state that stands alone, as in the PBX's history of a trunk: there `unreachable` is half an outage, because
    a whole one is noted as `rejected` in the end. IAX knows no such half."""
    word = _word(state)
    return Health.PARTIAL if word == "unreachable" and not iax else STATES.get(word, Health.UNKNOWN)


def contact_of(contact_status: str | None) -> Contact:
    return CONTACTS.get(_word(contact_status or ""), Contact.NONE)


def cause_of(trunk: TrunkStatus) -> Cause:
    """Measured: a dead registrar is reported as `rejected`, exactly like a wrong password; only the contact tells."""
    contact = contact_of(trunk.contact_status)
    if contact is Contact.SILENT:
        return Cause.NO_ANSWER
    if contact is Contact.ANSWERS and _word(trunk.state) == "rejected":
        return Cause.CREDENTIALS_REFUSED
    return Cause.UNKNOWN


def is_inbound(state: str) -> bool:
    """Whether the provider registers with the PBX, which writes the states of such trunks in upper case."""
    return state.strip() in ("REGISTERED", "UNREGISTERED")


def _word(written: str) -> str:
    return written.strip().lower()

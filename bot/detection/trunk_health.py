"""Map the PBX's words for trunk states and contacts, of every dialect.

Measured on MikoPBX 2026.1 (April) and on the status code of 2026.3.40. Both write the states of trunks whose provider
registers with the PBX in upper case.
"""

from enum import StrEnum

from bot.pbx import TrunkStatus


class Health(StrEnum):
    """Health of a trunk.

    `PARTIAL`: registered, but the provider does not answer OPTIONS. Measured: outbound calls fail at once, inbound
    calls work. `UNWATCHED`: the PBX does not report the state.
    """

    UP = "up"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    DOWN = "down"
    OFF = "off"
    UNKNOWN = "unknown"
    UNWATCHED = "unwatched"


class ContactStatus(StrEnum):
    """Result of OPTIONS; `UNASKED` while *qualify* is off."""

    ANSWERS = "answers"
    SILENT = "silent"
    UNASKED = "unasked"
    NONE = "none"


class Cause(StrEnum):
    """Cause of an outage: by the trunk's own state, its neighbours (`trunk_cause`) or its history (`trunk_machine`)."""

    CREDENTIALS_REFUSED = "credentials_refused"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"
    NAME_NOT_RESOLVED = "name_not_resolved"
    OWN_INTERNET = "own_internet"
    # Banned by the PBX's own fail2ban.
    BANNED = "banned"


# Causes without an answer from the provider.
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
    "reachable": ContactStatus.ANSWERS,
    "avail": ContactStatus.ANSWERS,
    "available": ContactStatus.ANSWERS,
    "unreachable": ContactStatus.SILENT,
    "unavail": ContactStatus.SILENT,
    "unavailable": ContactStatus.SILENT,
    "nonqualified": ContactStatus.UNASKED,
    "nonqual": ContactStatus.UNASKED,
}


def health_of(trunk: TrunkStatus, registration: str = "") -> Health:
    """Return the health; `registration` is outbound, inbound or none, "" if unknown.

    Measured: a trunk without registration whose provider dies is UNKNOWN with an Unreachable contact. From 2026.3.40 a
    partial outage is `unreachable` with a reason, before that `registered` with an Unreachable contact. An IAX trunk
    without registration is always `unregistered`, even if Asterisk reaches it.
    """
    word, contact = _word(trunk.state), contact_of(trunk.contact_status)
    health = STATES.get(word, Health.UNKNOWN)
    if trunk.is_iax:
        says_nothing = not word or (word == "unregistered" and registration in ("inbound", "none"))
        return Health.UNWATCHED if says_nothing else health
    if word == "unreachable" and trunk.degraded_reason.startswith("registered"):
        return Health.PARTIAL
    if contact is ContactStatus.SILENT:
        if health is Health.UP:
            return Health.PARTIAL if word == "registered" and not is_inbound(trunk.state) else Health.DEGRADED
        if word == "unknown":
            return Health.DOWN
    return health


def health_of_word(state: str, *, iax: bool = False) -> Health:
    """Return the health for a bare state, as in the PBX's history: there `unreachable` is a partial outage, because a
    full one ends in `rejected`. IAX has no partial outage.
    """
    word = _word(state)
    return Health.PARTIAL if word == "unreachable" and not iax else STATES.get(word, Health.UNKNOWN)


def contact_of(contact_status: str | None) -> ContactStatus:
    return CONTACTS.get(_word(contact_status or ""), ContactStatus.NONE)


def cause_of(trunk: TrunkStatus) -> Cause:
    """Return the cause.

    Measured: a dead registrar is reported as `rejected`, like a wrong password; only the contact differs.
    """
    contact = contact_of(trunk.contact_status)
    if contact is ContactStatus.SILENT:
        return Cause.NO_ANSWER
    if contact is ContactStatus.ANSWERS and _word(trunk.state) == "rejected":
        return Cause.CREDENTIALS_REFUSED
    return Cause.UNKNOWN


def is_inbound(state: str) -> bool:
    """Return True if the provider registers with the PBX, which writes such states in upper case."""
    return state.strip() in ("REGISTERED", "UNREGISTERED")


def _word(written: str) -> str:
    return written.strip().lower()

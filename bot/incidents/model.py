"""Kinds of incidents with the properties that decisions depend on, and the transitions of an incident. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.messages.message import TrustedText, mark

# Subjects of incidents: ids of trunks, and these. One that ends in a colon is a prefix: a number or a host follows.
STATION = ""
CLOCK = ":clock"
SECOND_COPY = ":copy"
NO_CALLS = ":calls"
REHEARSAL = ":rehearsal"
INTERNET = ":internet"
# What is found at a PBX beside its trunks.
PBX_HEALTH = ":pbx:"
PBX_RELEASE = ":pbx:release"
PBX_DISK = ":pbx:disk"
PBX_CERTIFICATE = ":pbx:certificate"
PBX_BAN = ":pbx:ban:"
PBX_ADVICE = ":pbx:advice:"
PBX_GUESSING = ":pbx:guessing"
PBX_SIGN_IN = ":pbx:sign_in:"
EXTENSION = ":extension:"
PROVIDER = ":provider:"


class Kind(StrEnum):
    """Kind of an incident. Each has an entry in KINDS and a template `_kind_KIND.html`."""

    TRUNK_DOWN = "trunk_down"
    TRUNK_DEGRADED = "trunk_degraded"
    TRUNK_PARTIAL = "trunk_partial"
    TRUNK_OUTBOUND_DOWN = "trunk_outbound_down"
    TRUNK_DETOURED = "trunk_detoured"
    TRUNK_UNKNOWN = "trunk_unknown"
    TRUNK_FLAPPING = "trunk_flapping"
    STATION = "station"
    EXTENSION_OFFLINE = "extension_offline"
    CLOCK_OFF = "clock_off"
    SECOND_COPY = "second_copy"
    NO_CALLS = "no_calls"
    PBX_RELEASE = "pbx_release"
    PBX_DISK = "pbx_disk"
    PBX_CERTIFICATE = "pbx_certificate"
    PBX_BAN = "pbx_ban"
    PBX_ADVICE = "pbx_advice"
    PBX_GUESSING = "pbx_guessing"
    PBX_SIGN_IN = "pbx_sign_in"
    # Of the fleet: found at many PBXs together.
    PBX_COMMON = "pbx_common"
    REHEARSAL = "rehearsal"
    # Of the fleet: one cause that affects many stations.
    PROVIDER_DOWN = "provider_down"
    OWN_INTERNET = "own_internet"


class Severity(StrEnum):
    """Severity: an outage notifies people on call and escalates until it is acknowledged; a warning is only shown."""

    OUTAGE = "outage"
    WARNING = "warning"


class PartialOutage(StrEnum):
    """Half outage: outgoing calls over a trunk fail while incoming calls arrive. Most outages begin so: one that has
    only begun is a warning."""

    BEGUN = "begun"
    LASTING = "lasting"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """Properties of a kind.

    `loud`: notifications in the alert chats make a sound. `subject`: the constant subject or the prefix of it, None for
    a trunk; `subject_name` is shown for a constant one. `drill`: never counted, silenced or held back.
    For /history: `uncertain` time is left out of the availability; an outage that follows a kind with `precedes_outage`
    has begun with it.
    """

    severity: Severity
    loud: bool
    is_trunk: bool = False
    partial_outage: PartialOutage | None = None
    subject: str | None = None
    subject_name: TrustedText | None = None
    drill: bool = False
    uncertain: bool = False
    precedes_outage: bool = False

    @property
    def outage(self) -> bool:
        return self.severity is Severity.OUTAGE

    @property
    def real_outage(self) -> bool:
        """True for an outage that is not a drill."""
        return self.outage and not self.drill


KINDS: Mapping[Kind, KindInfo] = {
    Kind.TRUNK_DOWN: KindInfo(severity=Severity.OUTAGE, loud=True, is_trunk=True),
    Kind.TRUNK_DEGRADED: KindInfo(severity=Severity.WARNING, loud=False, is_trunk=True, precedes_outage=True),
    Kind.TRUNK_PARTIAL: KindInfo(
        severity=Severity.WARNING, loud=False, is_trunk=True, partial_outage=PartialOutage.BEGUN, precedes_outage=True
    ),
    Kind.TRUNK_OUTBOUND_DOWN: KindInfo(
        severity=Severity.OUTAGE, loud=True, is_trunk=True, partial_outage=PartialOutage.LASTING
    ),
    # Calls out go over other trunks.
    Kind.TRUNK_DETOURED: KindInfo(
        severity=Severity.WARNING, loud=True, is_trunk=True, partial_outage=PartialOutage.LASTING
    ),
    Kind.TRUNK_UNKNOWN: KindInfo(severity=Severity.WARNING, loud=False, is_trunk=True, uncertain=True),
    Kind.TRUNK_FLAPPING: KindInfo(severity=Severity.WARNING, loud=False, is_trunk=True, uncertain=True),
    Kind.STATION: KindInfo(severity=Severity.OUTAGE, loud=True, subject=STATION, subject_name=mark("The PBX itself")),
    Kind.EXTENSION_OFFLINE: KindInfo(severity=Severity.WARNING, loud=True, subject=EXTENSION),
    Kind.CLOCK_OFF: KindInfo(
        severity=Severity.WARNING, loud=False, subject=CLOCK, subject_name=mark("The PBX's clock")
    ),
    Kind.SECOND_COPY: KindInfo(
        severity=Severity.WARNING, loud=False, subject=SECOND_COPY, subject_name=mark("A second copy of the bot")
    ),
    Kind.NO_CALLS: KindInfo(
        severity=Severity.WARNING, loud=False, subject=NO_CALLS, subject_name=mark("No incoming calls")
    ),
    # Facts of these say who is told: `only_admins`.
    Kind.PBX_RELEASE: KindInfo(
        severity=Severity.WARNING, loud=True, subject=PBX_RELEASE, subject_name=mark("The PBX's release")
    ),
    Kind.PBX_DISK: KindInfo(
        severity=Severity.WARNING, loud=True, subject=PBX_DISK, subject_name=mark("The PBX's disk")
    ),
    Kind.PBX_CERTIFICATE: KindInfo(
        severity=Severity.WARNING, loud=True, subject=PBX_CERTIFICATE, subject_name=mark("The PBX's certificate")
    ),
    Kind.PBX_BAN: KindInfo(severity=Severity.WARNING, loud=True, subject=PBX_BAN),
    Kind.PBX_ADVICE: KindInfo(severity=Severity.WARNING, loud=True, subject=PBX_ADVICE),
    Kind.PBX_GUESSING: KindInfo(
        severity=Severity.WARNING, loud=True, subject=PBX_GUESSING, subject_name=mark("Guessed passwords")
    ),
    Kind.PBX_SIGN_IN: KindInfo(severity=Severity.WARNING, loud=True, subject=PBX_SIGN_IN),
    # Its subject is that of the PBXs' own findings: a mute of it holds them, too. After them: a prefix of theirs.
    Kind.PBX_COMMON: KindInfo(severity=Severity.WARNING, loud=True, subject=PBX_HEALTH),
    Kind.REHEARSAL: KindInfo(
        severity=Severity.OUTAGE, loud=True, subject=REHEARSAL, subject_name=mark("The rehearsal"), drill=True
    ),
    Kind.PROVIDER_DOWN: KindInfo(severity=Severity.OUTAGE, loud=True, subject=PROVIDER),
    Kind.OWN_INTERNET: KindInfo(
        severity=Severity.OUTAGE, loud=True, subject=INTERNET, subject_name=mark("The bot's own internet")
    ),
}
# A kind that a newer version of the bot has stored, read after a rollback. The error that costs least is a false alarm.
UNKNOWN_KIND = KindInfo(severity=Severity.OUTAGE, loud=True, uncertain=True)
_BY_NAME = {str(kind): info for kind, info in KINDS.items()}

PARTIAL_KINDS = frozenset(kind for kind, info in KINDS.items() if info.partial_outage is PartialOutage.LASTING)
PARTIAL_OUTAGES = frozenset(kind for kind, info in KINDS.items() if info.partial_outage)
SUBJECT_NAMES = {
    info.subject: info.subject_name
    for info in KINDS.values()
    if info.subject is not None and info.subject_name is not None
}
SUBJECT_PREFIXES = tuple(info.subject for info in KINDS.values() if info.subject and info.subject.endswith(":"))


def kind_info(kind: str) -> KindInfo:
    """Return the properties of a stored kind; those of an outage where this version does not know it."""
    return _BY_NAME.get(kind, UNKNOWN_KIND)


def is_only_for_admins(facts: Mapping[str, Any]) -> bool:
    """Return True for an incident that only administrators are told of, without a sound."""
    return bool(facts.get("only_admins"))


def is_of_trunk(subject: str) -> bool:
    return subject != STATION and not subject.startswith(":")


class End(StrEnum):
    RECOVERED = "recovered"
    SWITCHED_OFF = "switched_off"
    DELETED = "deleted"
    # It is not watched any more, or the drill is over.
    CALLED_OFF = "called_off"
    # Its station is not watched any more.
    UNWATCHED = "unwatched"
    # The PBX does not report the state of the trunk any more.
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True)
class Opened:
    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Change to another kind of incident, with notifications from the first step."""

    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """Change of the facts of an open incident: its fault, its cause or its count."""


@dataclass(frozen=True, slots=True)
class Downgraded:
    """Change of an open incident to a kind that is less severe."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Resolved:
    """`calls_out_pending`: the trunk is registered again, and calls out fail until the next OPTIONS is answered."""

    reason: End
    ended_at: datetime
    calls_out_pending: bool = False


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Subject that was switched off: a silent notification, no incident."""


@dataclass(frozen=True, slots=True)
class Unreported:
    """Trunk whose state the PBX does not report, so that it is not watched: one silent notification, no incident."""


@dataclass(frozen=True, slots=True)
class AddressBlocked:
    """Block of the bot's address by the PBX, until `until`: an immediate silent notification, no incident."""

    until: datetime


@dataclass(frozen=True, slots=True)
class TrunkGone:
    """Healthy subject that was deleted: a silent notification, no incident."""


@dataclass(frozen=True, slots=True)
class OutageWhileAway:
    """Outage that began and ended while the trunk was not monitored; only recorded."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class MonitoringGap:
    """Monitoring was interrupted for a while: a silent notification, no incident."""


Transition = (
    Opened
    | Upgraded
    | Changed
    | Downgraded
    | Resolved
    | SwitchedOff
    | Unreported
    | AddressBlocked
    | TrunkGone
    | OutageWhileAway
    | MonitoringGap
)


@dataclass(frozen=True, slots=True)
class StateChange:
    """Transition of one subject, with the facts of its notification: plain JSON values."""

    subject: str
    transition: Transition
    facts: dict[str, Any]

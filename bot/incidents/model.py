"""What an incident is about, how it ends, and what may happen to it on the way. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.store.tables.incidents import Incident

LONGEST_DRILL = timedelta(minutes=30)


class Kind(StrEnum):
    """What an incident is about."""

    TRUNK_DOWN = "trunk_down"
    TRUNK_DEGRADED = "trunk_degraded"
    # Half an outage: at first a note, since every outage begins so; once it lasts, calls out over the trunk fail, or
    # go over other trunks.
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
    REHEARSAL = "rehearsal"
    # Of the fleet: one thing that hits many stations.
    PROVIDER_DOWN = "provider_down"
    OWN_INTERNET = "own_internet"


# Somebody cannot be called: the person on call is woken, and whoever comes next when nobody takes it.
OUTAGES = frozenset(
    {
        Kind.TRUNK_DOWN,
        Kind.TRUNK_OUTBOUND_DOWN,
        Kind.STATION,
        Kind.REHEARSAL,
        Kind.PROVIDER_DOWN,
        Kind.OWN_INTERNET,
    }
)
# What makes a sound in the alert chats.
LOUD = OUTAGES | {Kind.TRUNK_DETOURED, Kind.EXTENSION_OFFLINE}
# Half an outage that lasts, and all of it.
LASTS_HALF_OUT = frozenset({Kind.TRUNK_OUTBOUND_DOWN, Kind.TRUNK_DETOURED})
HALF_OUT = LASTS_HALF_OUT | {Kind.TRUNK_PARTIAL}
TRUNKS = HALF_OUT | {Kind.TRUNK_DOWN, Kind.TRUNK_DEGRADED, Kind.TRUNK_UNKNOWN, Kind.TRUNK_FLAPPING}

# Subjects of incidents are the ids of trunks, and these.
STATION = ""
CLOCK = ":clock"
SECOND_COPY = ":copy"
NO_CALLS = ":calls"
REHEARSAL = ":rehearsal"
INTERNET = ":internet"
EXTENSION = ":extension:"
PROVIDER = ":provider:"


def is_of_trunk(subject: str) -> bool:
    return subject != STATION and not subject.startswith(":")


class End(StrEnum):
    RECOVERED = "recovered"
    SWITCHED_OFF = "switched_off"
    DELETED = "deleted"
    # Nobody watches it any more, or the rehearsal is over.
    CALLED_OFF = "called_off"
    # Its whole station is watched no longer.
    UNWATCHED = "unwatched"
    # The PBX does not tell the trunk's state any more.
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True)
class Opened:
    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Worsened:
    """What was a warning is an outage now."""

    kind: Kind
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """The incident goes on, and what it says is no longer true: its trouble, its cause or its count is another."""


@dataclass(frozen=True, slots=True)
class Eased:
    """The outage is a warning again: it flaps."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Closed:
    """`calls_out_pending`: registered again, and until the provider is next asked no call goes out."""

    reason: End
    ended_at: datetime
    calls_out_pending: bool = False


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Not an incident; worth a quiet note."""


@dataclass(frozen=True, slots=True)
class NotTold:
    """The PBX does not tell the trunk's state: it is not watched, which is worth a quiet note, once."""


@dataclass(frozen=True, slots=True)
class ShutOut:
    """The PBX blocks the bot's address: nothing is known until `until`. Worth a quiet note, at once."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """What was well is not there any more; not an incident, and worth a quiet note."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An outage that began and ended while nobody looked."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class WasBlind:
    """Nobody looked for a while; worth a quiet note."""


Transition = Opened | Worsened | Changed | Eased | Closed | SwitchedOff | NotTold | ShutOut | Gone | Missed | WasBlind


@dataclass(frozen=True, slots=True)
class Happened:
    """One transition of one subject, with the facts that people are shown: plain JSON values."""

    subject: str
    transition: Transition
    facts: dict[str, Any]


def drill_over(incident: "Incident", now: datetime) -> Closed | None:
    """Return the end of a drill: when acknowledged, or after LONGEST_DRILL; None while it runs."""
    if incident.acknowledged_at is not None:
        return Closed(End.CALLED_OFF, incident.acknowledged_at)
    ends = incident.opened_at + LONGEST_DRILL
    return Closed(End.CALLED_OFF, ends) if now >= ends else None


def drill_due(incident: "Incident", step_due: datetime | None) -> datetime | None:
    """Return when the incident is due: its next step, or the end of the drill."""
    if incident.kind != Kind.REHEARSAL:
        return step_due
    ends = incident.opened_at + LONGEST_DRILL
    return min(step_due, ends) if step_due is not None else ends

"""Whether a call came in, went out, or stayed in the house. Pure."""

from enum import StrEnum

from bot.pbx.records import CallRecord
from bot.pbx.trunks import PREFIXES


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


def direction(record: CallRecord) -> Direction:
    """By the accounts of the legs: a trunk's or an extension's. The first leg decides: a call that came in and is
    forwarded to a mobile leaves through a trunk too."""
    if record.did or any(leg.from_account.startswith(PREFIXES) for leg in record.legs[:1]):
        return Direction.INCOMING
    if any(leg.to_account.startswith(PREFIXES) for leg in record.legs):
        return Direction.OUTGOING
    return Direction.INTERNAL

"""Whether a call came in, went out, or stayed in the house. Pure."""

from enum import StrEnum

from bot.pbx.resources.records import CallRecord


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


def direction(record: CallRecord) -> Direction:
    """By the accounts of the legs: a trunk's or an extension's. The first leg decides: a call that came in and is
    forwarded to a mobile leaves through a trunk too."""
    if record.came_by_trunk:
        return Direction.INCOMING
    if record.went_by_trunk:
        return Direction.OUTGOING
    return Direction.INTERNAL

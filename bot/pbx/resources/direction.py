"""Direction of a call. Pure."""

from enum import StrEnum

from bot.pbx.resources.records import CallRecord


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


def direction(record: CallRecord) -> Direction:
    """Return the direction by the accounts of the legs, a trunk's or an extension's.

    The first leg decides: an incoming call forwarded to a mobile leaves through a trunk too.
    """
    if record.came_by_trunk:
        return Direction.INCOMING
    if record.went_by_trunk:
        return Direction.OUTGOING
    return Direction.INTERNAL

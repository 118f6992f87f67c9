"""When the program knows of a call at the latest, and with it a chat that is to be told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.played_days.calls import PlayedCall

# After the hang-up if the PBX lists a call in time, otherwise after its last row. 45 seconds, and five for a kill amid
# the look, or for a group to which many messages go at once.
IN_TIME, LISTED_WITHIN, AFTER_LATE = timedelta(seconds=50), timedelta(seconds=10), timedelta(seconds=75)
# A call that began long before it is listed is read right after its end; if the PBX lists it much later, now and then.
LONG, LISTED_SOON, AFTER_LONG = timedelta(minutes=29), timedelta(minutes=2), timedelta(minutes=10)


def due(call: PlayedCall) -> datetime:
    """Return when the chat is told of the call at the latest."""
    if is_long(call) and call.listed_whole > call.end + LISTED_SOON:
        return call.listed_whole + AFTER_LONG + AFTER_LATE
    return call.end + IN_TIME if is_listed_in_time(call) else call.listed_whole + AFTER_LATE


def known_by(call: PlayedCall) -> datetime:
    """Return when the program surely knows of the call."""
    return max(due(call), call.listed_whole + AFTER_LATE)


def is_long(call: PlayedCall) -> bool:
    return call.listed_whole - call.start > LONG


def is_listed_in_time(call: PlayedCall) -> bool:
    return call.listed_whole <= call.end + LISTED_WITHIN


def is_settled_soon(miss: PlayedCall, contacts: Sequence[PlayedCall]) -> bool:
    """Return True if a later contact was listed so soon that no card was needed, or that it closed the one before."""
    return any(one.start >= miss.start and one.listed_first <= known_by(miss) for one in contacts)


def surely_reached(after: PlayedCall, contacts: Sequence[PlayedCall], at: datetime) -> bool:
    """Return True if the program knew at that time of somebody who talked to the caller after the call."""
    return any(one.start > after.start and known_by(one) <= at for one in contacts)


def maybe_reached(after: PlayedCall, contacts: Sequence[PlayedCall], at: datetime) -> bool:
    """Return True if the program may have known of it."""
    return any(one.start > after.start and one.listed_first <= at for one in contacts)

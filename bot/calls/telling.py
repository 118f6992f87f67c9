"""When a chat is told of a missed caller: at once, at the opening, or together with many others. Pure.

A caller is told with a sound once, again if they call again much later, and a chat never outside its hours.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.calls.ended_calls import EndedCall
from bot.pbx.resources.record_models import Direction
from bot.text.phone_numbers import same_number

# Telegram takes about twenty messages a minute for a group. More callers than these within that time share a message,
# until there are fewer.
STORM_WITHIN = timedelta(minutes=5)
STORM_OVER = 10
STORM_AT_LEAST = 5
# A storm that does not end is told again so often.
STORM_LASTS = timedelta(hours=1)
# Who calls again so long after the chat was told is told again.
TELL_AGAIN_AFTER = timedelta(minutes=30)


def waits_for_opening(
    ended: datetime, *, came_closed: bool, opened_at: datetime | None, told_at: datetime | None
) -> bool:
    """Return True if a missed call is told at the opening. `came_closed`: it ended outside the hours; `opened_at`: of
    the opening now, None while closed; `told_at`: when the chat was last told what came while it was closed."""
    if opened_at is None:
        return True
    return came_closed and (told_at is None or told_at < ended)


def is_opening(opened_at: datetime | None, began_at: datetime, *, changed_at: datetime | None) -> bool:
    """Return True if what waits since `began_at` is told now. The hours of a chat that were set at `changed_at` are
    open anew since then."""
    return opened_at is not None and max(opened_at, changed_at or opened_at) >= began_at


def taking_calls(calls: Iterable[EndedCall]) -> Mapping[str, datetime]:
    """Return the local time at which each called number last took a call, instead of greeting it as after hours."""
    taken: dict[str, datetime] = {}
    for call in calls:
        if call.direction is Direction.INCOMING and not call.after_hours:
            number = same_number(call.did)
            taken[number] = max(call.start, taken.get(number, call.start))
    return taken


def is_storm(told: Iterable[datetime], new: int, now: datetime, *, began_at: datetime | None) -> bool:
    """Return True if `new` callers share a message. `told`: when the chat was told of others; `began_at`: of the storm
    that is on, if one is."""
    recent = new + sum(now - at < STORM_WITHIN for at in told)
    if began_at is None:
        return recent > STORM_OVER
    return recent >= STORM_AT_LEAST and now - began_at < STORM_LASTS


def is_told_again(told_at: datetime | None, now: datetime, *, claimed: bool) -> bool:
    """Return True if a further call of a caller is told too, and not only shown."""
    return told_at is None or (not claimed and now - told_at >= TELL_AGAIN_AFTER)


def is_reminded(
    waits_since: datetime | None,
    now: datetime,
    *,
    after: timedelta | None,
    asked_at: datetime | None,
    opened_at: datetime | None,
) -> bool:
    """Return True if nobody took a caller for so long. `asked_at`: since when the chat wants to be reminded; who waited
    before that is not counted."""
    if waits_since is None or after is None or asked_at is None or opened_at is None:
        return False
    return waits_since >= asked_at and now - waits_since >= after

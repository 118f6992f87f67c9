"""/notify hours and /notify remind: when a chat is told of missed calls, and reminded of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.calls import hours
from bot.config.working_hours import DAYS
from bot.messages.message import mark
from bot.store.access.audit import NOTHING_CHANGED, Change
from handlers.dispatch.request import Request, WrongArguments
from handlers.notify.hours_words import read_hours
from handlers.parsing.arguments import OFF
from handlers.parsing.deadlines import length_in
from handlers.parsing.times.model import fold

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=24)


async def set_hours(request: Request, words: Sequence[str]) -> Change:
    """Set the hours of the chat; no words leave them as they are. Raises WrongArguments."""
    call_hours, station, chat = request.services.call_hours, request.station.name, request.place.chat
    if not words:
        return NOTHING_CHANGED
    off = len(words) == 1 and fold(words[0]) in OFF
    wanted = None if off else read_hours(words, request.station.local(request.now))
    before = await call_hours.of(station, chat)
    await call_hours.set_hours(station, chat, wanted, request.now)
    after = await call_hours.of(station, chat)
    return Change({"hours": str(before.hours)}, {"hours": str(after.hours)})


async def set_reminder(request: Request, words: Sequence[str]) -> Change:
    """Set the reminder of the chat; no words leave it as it is. Raises WrongArguments."""
    call_hours, station, chat = request.services.call_hours, request.station.name, request.place.chat
    if not words:
        return NOTHING_CHANGED
    after = None if len(words) == 1 and fold(words[0]) in OFF else _length(words)
    before = await call_hours.of(station, chat)
    await call_hours.set_reminder(station, chat, after, request.now)
    return Change({"remind": _minutes(before.remind_after)}, {"remind": _minutes(after)})


SETTINGS: Mapping[str, Callable[[Request, Sequence[str]], Awaitable[Change]]] = {
    **dict.fromkeys(map(fold, ("hours", "часы", "время")), set_hours),
    **dict.fromkeys(map(fold, ("remind", "reminder", "напомнить", "напоминать", "напоминание")), set_reminder),
}


async def facts(request: Request, chat: int) -> dict[str, Any]:
    """Return the hours and the reminder of a chat, as its message shows them."""
    found = await request.services.call_hours.of(request.station.name, chat)
    return {
        "always": found.hours == hours.ALWAYS,
        "hours": [
            {
                "every_day": len(days) == len(DAYS),
                "days": sorted(days),
                "times": [f"{hours.clock(begins)}–{hours.clock(ends)}" for begins, ends in spans],
            }
            for days, spans in hours.spans_of(found.hours)
        ],
        "hours_from": str(found.source),
        "remind": int(found.remind_after.total_seconds()) if found.remind_after else None,
    }


def _length(words: Sequence[str]) -> timedelta:
    length = length_in(words)
    if length is None or not SHORTEST <= length <= LONGEST:
        raise WrongArguments(mark("Write for how long nobody may have called back, from a minute to 24 hours; or off."))
    return length


def _minutes(length: timedelta | None) -> str:
    return f"{int(length.total_seconds()) // 60} min" if length else "off"

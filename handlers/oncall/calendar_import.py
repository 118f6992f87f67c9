"""/oncall import: use a calendar as the on-call schedule. Its address is a secret, accepted in private chats only."""

from datetime import timedelta
from typing import Any

from bot.engine import calendar_feed
from bot.engine.calendar_feed import CalendarFault, NoCalendar
from bot.messages.message import Button, Message, mark
from bot.oncall.calendar import MAX_BYTES
from bot.oncall.calendar_text import decoded
from bot.oncall.roster import Roster
from bot.store.access.audit import Change
from bot.store.oncall import calendars
from bot.store.oncall.calendars import StoredCalendar
from handlers.dialog import confirm
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.oncall import oncall
from handlers.oncall.facts import duty_facts, take_level
from handlers.oncall.oncall import HORIZON

CONFIRM_WITHIN = timedelta(minutes=15)
MAX_SHIFTS = 8
MAX_UNKNOWN = 10


@command(
    "oncall import",
    topic=Topic.ONCALL,
    summary=mark("Let a calendar say who is on call"),
    usage=mark("[an .ics file, or in private an https address] [level 2]"),
    examples=("/oncall import", mark("/oncall import level 2")),
    aliases=("импорт", "календарь"),
)
async def import_(request: Request) -> Reply:
    level, words = take_level(request.arguments.split())
    requested = level or 1
    if words and not request.place.private:
        deleted = await request.chat.delete_asked()
        return Reply(Message("oncall_address_in_group", {"deleted": deleted}), outcome="an address in a group")
    if words or request.document is not None:
        return await _preview(request, requested, words[0] if words else "")
    return await _ask(request, requested)


async def _ask(request: Request, level: int) -> Reply:
    question = _question(level)
    message = Message("oncall_import_how", {"station": request.station.name, "level": level})
    if request.place.private:
        return Reply(message, question=question, outcome="waits for a calendar")
    if not await request.chat.ask_privately(message, question):
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    return Reply(
        Message("goes_on_in_private", {"person": request.actor.name}), outcome="waits for a calendar in private"
    )


def _question(level: int) -> Question:
    return Question("oncall.calendar", {"level": level})


@answer("oncall.calendar")
async def take_calendar(request: Request) -> Reply:
    return await _preview(request, int(request.data["level"]), request.arguments.strip())


async def _preview(request: Request, level: int, written: str) -> Reply:
    sees_content = request.document is not None or oncall.sees_addresses(request)
    try:
        kept = await _read(request, level, written)
        if not sees_content and not kept.calendar.duties:
            raise NoCalendar(CalendarFault.UNSAID)
    except NoCalendar as error:
        facts = {
            "problem": error.problem if sees_content else str(CalendarFault.UNSAID),
            "by_address": request.document is None,
        }
        message = Message("oncall_no_calendar", facts)
        raise WrongArguments(message=message, question=_question(level) if request.place.private else None) from None
    roster = Roster(calendars={level: kept.calendar})
    until = request.now + HORIZON
    ahead = roster.shifts(level, request.now, until)
    names = await request.known({shift.person for shift in ahead})
    facts = {
        "station": request.station.name,
        "level": level,
        "by_address": bool(kept.url),
        "shifts": [duty_facts(shift, names) for shift in ahead[:MAX_SHIFTS]],
        "unknown": list(kept.calendar.unknown[:MAX_UNKNOWN]) if sees_content else [],
        "more": max(0, len(kept.calendar.unknown) - MAX_UNKNOWN),
        "unnamed": 0 if sees_content else len(kept.calendar.unknown),
        "gaps": len(roster.gaps(level, request.now, until)),
    }
    if not kept.calendar.duties:
        return Reply(Message("oncall_calendar_names_nobody", facts), outcome="names nobody")
    token = await request.services.temporary_payloads.put(
        {"level": level, "calendar": calendars.to_json(kept)}, CONFIRM_WITHIN
    )
    confirm_button, cancel_button = (
        Button(mark("✅ Use it"), "oncall.import", {"kept": token}),
        Button(mark("Cancel"), "oncall.leave"),
    )
    message, outcome = Message("oncall_import", facts), f"asked for level {level}"
    return confirm.preview(
        message, confirm_button, cancel_button, timeout=CONFIRM_WITHIN, closes_question=True, outcome=outcome
    )


async def _read(request: Request, level: int, written: str) -> StoredCalendar:
    """Read the calendar from the address or the file. Raises NoCalendar."""
    source = request.services.calendars
    url = "" if request.document is not None else source.address(written)
    text = await (source.fetch(url, owner=request.actor.id) if url else _file(request))
    zone = str(request.station.zone())
    services, station, now = request.services, request.station.name, request.now
    person_named = await calendar_feed.names(services.grants, services.people, station, now)
    calendar = await calendar_feed.read(text, level, zone, now, person_named, owner=request.actor.id)
    return StoredCalendar(level, url, text, zone, calendar, now)


async def _file(request: Request) -> str:
    if request.document is None or request.document.size > MAX_BYTES:
        raise NoCalendar(CalendarFault.TOO_LARGE)
    content = await request.chat.download(request.document)
    if content is None:
        raise WrongArguments(mark("Telegram did not give me the file; send it again."))
    return decoded(content)


@button("oncall.import", resume=OnRestart.ATOMIC)
async def use(request: Request) -> Reply:
    draft = request.kept
    if draft is None:
        return confirm.EXPIRED
    kept = calendars.from_json(int(draft["level"]), draft["calendar"])
    await request.services.oncall.set_calendar(request.station.name, kept, request.actor.name)
    after: dict[str, Any] = {"calendar": "address" if kept.url else "file", "duties": len(kept.calendar.duties)}
    message = await oncall.overview(request, mark("From now on the calendar says who is on call."))
    return Reply(message, outcome=f"a calendar for level {kept.level}", change=Change({}, after))

"""/missed: who called and was not answered, and who was called back since."""

from datetime import date, timedelta
from typing import Any

from bot.access import Permission
from bot.chat.message import Button, Message, Rows, mark
from handlers.command import Reply, Request, button, command
from handlers.missed_calls import Missed, MissedCaller, MissedCalls
from handlers.periods import Period
from handlers.stats import period_written

PAGE = 10
SHOWN_PHONES = 2
# A call back may come after the period; later than this it is no answer to the call any more.
CALLED_BACK_WITHIN = timedelta(days=7)


@command(
    "missed",
    permission=Permission.RECORDS,
    summary=mark("Incoming calls nobody answered, and who was called back"),
    usage=mark("[today | yesterday | 7d | date | two dates]"),
    examples=("/missed", "/missed yesterday", "/missed 7d"),
)
async def missed(request: Request) -> Reply:
    return Reply(await _page(request, period_written(request, request.arguments, "missed"), 0))


@button("missed.page", permission=Permission.RECORDS)
async def page(request: Request) -> Reply:
    period = Period(date.fromisoformat(request.data["first"]), date.fromisoformat(request.data["last"]))
    return Reply(await _page(request, period, int(request.data["page"])))


async def _page(request: Request, period: Period, number: int) -> Message:
    found = await _found(request, period)
    last = max(0, (len(found.callers) - 1) // PAGE)
    number = min(number, last)
    facts = {
        "station": request.station.name,
        "first": period.first,
        "last": period.last,
        "one_day": period.first == period.last,
        "total": found.total,
        "open": found.open,
        "without_number": found.without_number,
        "after_hours": found.after_hours,
        "callers": [_line(caller, period) for caller in found.callers[number * PAGE : (number + 1) * PAGE]],
        "page": number + 1,
        "pages": last + 1,
    }
    return Message("missed", facts, _buttons(period, number, last))


async def _found(request: Request, period: Period) -> Missed:
    records = request.station.pbx.records
    found = MissedCalls(period.end)
    async for record in records.between(period.start, period.end):
        found.add(record)
    until = min(request.station.local(request.now), period.end + CALLED_BACK_WITHIN)
    # Asked apart: both stretches together can be longer than the PBX accepts.
    following = period.end + timedelta(seconds=1)
    if until > following:
        async for record in records.between(following, until):
            # A call that only went on after midnight was there already.
            if record.start is not None and record.start > period.end:
                found.add(record)
    return found.result()


def _line(caller: MissedCaller, period: Period) -> dict[str, Any]:
    last, contact = caller.last, caller.contact
    return {
        "number": last.number if caller.has_number else "",
        "name": last.name,
        "times": len(caller.misses),
        "at": last.start,
        "after_hours": last.after_hours,
        "rang": [{"number": number, "name": name} for number, name in last.rang[:SHOWN_PHONES]],
        "more": max(0, len(last.rang) - SHOWN_PHONES),
        "called_back": contact.start if contact else None,
        "by": contact.by if contact else "",
        "contact_that_day": contact is not None and contact.start.date() == last.start.date() == period.last,
    }


def _buttons(period: Period, number: int, last: int) -> Rows:
    def to(label: str, target: int) -> Button:
        data = {"first": period.first.isoformat(), "last": period.last.isoformat(), "page": target}
        return Button(label, "missed.page", data)

    before = [to("‹", number - 1)] if number > 0 else []
    after = [to("›", number + 1)] if number < last else []
    return ((*before, *after, to(mark("↻ Refresh"), number)),)

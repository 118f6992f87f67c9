"""/missed: unanswered incoming callers, and calls back to them."""

import asyncio
from typing import Any

from bot.calls.missed_calls import MissedCaller, MissedCalls, MissedSummary, contacts_until
from bot.messages.message import Button, Message, Rows, mark
from handlers.calls.reading import ANEW, CONTINUE, Reading
from handlers.calls.stats import period_written
from handlers.dialog import paging
from handlers.dialog.copy_buttons import copy_row, number_button
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.parsing.periods import Period, from_stored

PAGE_SIZE = 10
MAX_PHONES = 2
MAX_COPY_BUTTONS = 2


@command(
    "missed",
    topic=Topic.CALLS,
    summary=mark("Incoming calls nobody answered, and who was called back"),
    usage=mark("[period]"),
    examples=("/missed", mark("/missed yesterday"), mark("/missed 7d")),
)
async def missed(request: Request) -> Reply:
    return Reply(await _page(request, period_written(request, request.arguments, "missed"), 0))


@button("missed.page")
async def page(request: Request) -> Reply:
    return Reply(await _page(request, from_stored(request.data), int(request.data["page"])))


async def _page(request: Request, period: Period, number: int) -> Message:
    reading = Reading(request, period, Button(CONTINUE, "missed.page", period.stored() | {"page": number}))
    summary = await reading.finish(_summarise(request, period, reading))
    shown = paginate(summary.callers, number, PAGE_SIZE)
    facts = period.facts() | {
        "station": request.station.name,
        "total": summary.total,
        "open": summary.open,
        "without_number": summary.without_number,
        "after_hours": summary.after_hours,
        "callers": [_line(caller, period) for caller in shown.items],
        **shown.facts(),
    }
    return Message("missed", facts, _buttons(request, period, shown))


async def _summarise(request: Request, period: Period, reading: Reading) -> MissedSummary:
    missed_calls = MissedCalls.of_period(period.end)
    async for record in reading.calls(until=contacts_until(period.end, request.station.local(request.now))):
        missed_calls.add(record)
    # In a thread: it processes all calls of the period.
    return await asyncio.to_thread(missed_calls.result)


def _line(caller: MissedCaller, period: Period) -> dict[str, Any]:
    last, contact = caller.last, caller.contact
    return {
        "number": last.number if caller.has_number else "",
        "name": last.name,
        "times": len(caller.misses),
        "at": last.start,
        "after_hours": last.after_hours,
        "rang": [{"number": number, "name": name} for number, name in last.rang[:MAX_PHONES]],
        "more": max(0, len(last.rang) - MAX_PHONES),
        "spoken": contact.start if contact else None,
        "called_back": contact is not None and contact.ours,
        "by": contact.by if contact else "",
        "contact_that_day": contact is not None and contact.start.date() == last.start.date() == period.last,
    }


def _buttons(request: Request, period: Period, shown: Page[MissedCaller]) -> Rows:
    here = period.stored() | {"page": shown.number}
    to_call = [caller.last.number for caller in shown.items if caller.has_number and caller.open]
    return (
        *copy_row(*(number_button(number, request.station.country) for number in to_call[:MAX_COPY_BUTTONS])),
        *paging.numbered_row(shown, "missed.page", here),
        (Button(mark("↻ Refresh"), "missed.page", here | {ANEW: True}),),
    )

"""/cdr: totals of a period's calls, and a page of records."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.calls.outcome import Outcome, answered_leg, came_after_hours, outcome, talk_seconds
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import Direction, direction
from bot.text.phone_numbers import same_number
from handlers.calls.filter import CallFilter, from_button
from handlers.calls.filter_words import KEYWORDS, LINKING, read_filter
from handlers.calls.pages import RecordKey, Summary, key_of, summarise
from handlers.calls.reading import ANEW, CONTINUE, Reading
from handlers.dialog import paging
from handlers.dialog.near_names import NearName, is_known, near_names
from handlers.dialog.not_understood import not_a_period, not_understood
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.parsing.nearest import nearest
from handlers.parsing.periods import NotAPeriod
from handlers.parsing.phone_numbers import as_number
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import KNOWN

BUTTONS_IN_A_ROW = 5
# Fields that hold a number or a name; `search` may be the rest of the name.
NAMED = ("source", "destination", "party", "search")
ENDINGS = {"": mark("All"), "answered": mark("✅ Answered"), "missed": mark("🔴 Missed")}


@command(
    "cdr",
    topic=Topic.CALLS,
    summary=mark("The calls of a period, by caller, number or outcome"),
    usage=mark("[period] [missed | answered | …] [from …] [to …] [name or number]"),
    examples=(
        mark("/cdr since monday missed"),
        mark("/cdr yesterday from 201"),
        mark("/cdr 7d to 89161111111"),
        mark("/cdr 2026-11-01 2026-11-05 answered"),
        mark("/cdr yesterday 9-12 Anna"),
    ),
)
async def cdr(request: Request) -> Reply:
    trunks = request.station.watch.trunk_names
    try:
        call_filter = read_filter(request.arguments, request.station.local(request.now), trunks)
    except NotAPeriod as wrong:
        raise not_a_period("cdr", request.arguments, wrong) from None
    for name in call_filter.names:
        for word in name.split():
            # A typing error, or a second time, would be searched for as a name in all calls of the period.
            is_strange = fold(word) in KNOWN | LINKING or nearest(word, KEYWORDS)
            if is_strange and not await _numbers(request, name):
                raise WrongArguments(message=not_understood("cdr", request.arguments, word, KEYWORDS))
    return Reply(await page(request, {"wanted": call_filter.stored()}))


@button("cdr.page")
async def show_page(request: Request) -> Reply:
    return Reply(await page(request, {name: value for name, value in request.data.items() if name != ANEW}))


async def page(request: Request, page_data: Mapping[str, Any]) -> Message:
    """Render a page. `page_data`: the filter `wanted`, and the position `before` or `after` which the page lies."""
    call_filter = from_button(page_data["wanted"])
    period = call_filter.period
    numbers = await _numbers(request, call_filter.search)
    reading = Reading(request, period, Button(CONTINUE, "cdr.page", page_data))
    found = (record async for record in _records(reading, call_filter, numbers) if call_filter.matches(record, numbers))
    summary = await reading.finish(summarise(found, _key(page_data.get("before")), _key(page_data.get("after"))))
    shown = summary.page
    unknown, near = ("", ()) if summary.total else await _unknown_name(request, call_filter)
    facts = period.facts() | {
        "station": request.station.name,
        "wanted": call_filter.facts(),
        "unknown": unknown,
        "near": bool(near),
        "total": summary.total,
        "answered": summary.answered,
        "missed": summary.missed,
        "after_hours": summary.after_hours,
        "not_reached": summary.not_reached,
        "average": round(summary.talk / summary.answered) if summary.answered else 0,
        "begin": summary.newer + 1,
        "until": summary.newer + len(shown),
        "records": [_line(record) for record in shown],
    }
    return Message("cdr", facts, (*near, *_buttons(call_filter, summary, page_data)))


async def _unknown_name(request: Request, call_filter: CallFilter) -> tuple[str, Rows]:
    """Return the name that no employee has, empty if there is none, and buttons that search for the nearest."""
    unknown = {
        field: written
        for field in NAMED
        if (written := getattr(call_filter, field)) and not await is_known(request, written)
    }
    written = " ".join(unknown.values())
    if not unknown:
        return "", ()
    field = next(iter(unknown))
    nothing: dict[str, Any] = dict.fromkeys(unknown, "")
    asked = replace(call_filter, **nothing)
    corrected = [(one.name, _corrected(asked, field, one)) for one in await near_names(request, written)]
    return written, tuple((Button(name, "cdr.page", {"wanted": one.stored()}),) for name, one in corrected)


def _corrected(call_filter: CallFilter, field: str, near: NearName) -> CallFilter:
    if near.trunk:
        return replace(call_filter, trunk=near.trunk, trunk_name=near.name)
    number: dict[str, Any] = {"party" if field == "search" else field: near.number}
    return replace(call_filter, **number)


async def _numbers(request: Request, search: str) -> tuple[str, ...]:
    """Return extensions and mobile numbers of the employees that the name matches."""
    if not search or as_number(search):
        return ()
    found = await request.station.pbx.phone_book.named(search)
    return tuple(dict.fromkeys(number for row in found for number in (row.number, row.mobile) if same_number(number)))


async def _records(reading: Reading, call_filter: CallFilter, numbers: Sequence[str]) -> AsyncIterator[CallRecord]:
    """Yield each record once, although several narrowed searches may return it."""
    seen: set[str] = set()
    server_filters = call_filter.server_filters(numbers)
    for server_filter in server_filters:
        async for record in reading.calls(server_filter=server_filter):
            if record.linkedid not in seen:
                if len(server_filters) > 1:
                    seen.add(record.linkedid)
                yield record


def _key(stored: Sequence[str] | None) -> RecordKey | None:
    return (datetime.fromisoformat(stored[0]), stored[1]) if stored else None


def _line(record: CallRecord) -> dict[str, Any]:
    reached = answered_leg(record) or (record.legs[-1] if record.legs else None)
    way = direction(record)
    return {
        "start": record.start,
        "incoming": way is Direction.INCOMING,
        "internal": way is Direction.INTERNAL,
        "answered": outcome(record) is Outcome.ANSWERED,
        "after_hours": came_after_hours(record),
        "source": record.source_number,
        "source_name": record.source_name,
        "target": reached.destination_number if reached else record.destination_number,
        "target_name": reached.destination_name if reached else record.destination_name,
        "talk": talk_seconds(record),
    }


def _buttons(call_filter: CallFilter, summary: Summary, page_data: Mapping[str, Any]) -> Rows:
    shown, stored = summary.page, call_filter.stored()
    detail_buttons = [
        Button(str(number), "cdr.record", {"linkedid": record.linkedid, "back": dict(page_data)})
        for number, record in enumerate(shown, summary.newer + 1)
    ]
    newer = {"wanted": stored, "after": _stored(shown[0])} if summary.newer else None
    has_older = summary.newer + len(shown) < summary.total
    older = {"wanted": stored, "before": _stored(shown[-1])} if has_older else None
    refresh = Button(mark("↻ Refresh"), "cdr.page", {"wanted": stored, ANEW: True})
    endings = [
        Button(label, "cdr.page", {"wanted": call_filter.with_ending(ending).stored()})
        for ending, label in ENDINGS.items()
        if (ending,) != (call_filter.endings or ("",))
    ]
    page_row = paging.page_row("cdr.page", newer, older)
    return (*grid(detail_buttons, BUTTONS_IN_A_ROW), *page_row, (refresh,), tuple(endings))


def _stored(record: CallRecord) -> list[str]:
    start, linkedid = key_of(record)
    return [start.isoformat(), linkedid]

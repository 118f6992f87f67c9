"""/cdr: totals of a period's calls, and a page of records."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import CallRecord
from bot.pbx.resources.records import Direction, direction
from handlers.calls.filter import CallFilter, from_button, read_filter
from handlers.calls.outcome import Outcome, answered_leg, came_after_hours, outcome, talk_seconds
from handlers.calls.pages import Place, Summary, place_of, summarise
from handlers.dialog import paging
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.parsing.periods import NotAPeriod
from handlers.parsing.phone_numbers import as_number, same_number

CARDS_IN_A_ROW = 5
ENDINGS = {"": mark("All"), "answered": mark("✅ Answered"), "missed": mark("🔴 Missed")}


@command(
    "cdr",
    topic=Topic.CALLS,
    summary=mark("The calls of a period, by caller, number or outcome"),
    usage=mark("[period] [missed | answered | …] [from …] [to …] [name or number]"),
    examples=(
        "/cdr today missed",
        "/cdr yesterday from 201",
        "/cdr 7d to 89161111111",
        "/cdr 2026-11-01 2026-11-05 answered",
        "/cdr today 9:00-12:00 Anna",
    ),
)
async def cdr(request: Request) -> Reply:
    try:
        wanted = read_filter(request.arguments, request.station.local(request.now))
    except NotAPeriod as wrong:
        facts = {"written": str(wrong), "command": "cdr"}
        raise WrongArguments(message=Message("not_a_period", facts)) from None
    return Reply(await page(request, {"wanted": wanted.stored()}))


@button("cdr.page")
async def turn(request: Request) -> Reply:
    return Reply(await page(request, request.data))


async def page(request: Request, asked: Mapping[str, Any]) -> Message:
    """Render a page. `asked`: the filter `wanted`, and the position `before` or `after` which the page lies."""
    wanted = from_button(asked["wanted"])
    period = wanted.period
    numbers = await _numbers(request, wanted.search)
    found = (record async for record in _records(request, wanted, numbers) if wanted.matches(record, numbers))
    summary = await summarise(found, _place(asked.get("before")), _place(asked.get("after")))
    shown = summary.page
    facts = period.facts() | {
        "station": request.station.name,
        "wanted": wanted.facts(),
        "total": summary.total,
        "answered": summary.answered,
        "missed": summary.missed,
        "after_hours": summary.after_hours,
        "not_reached": summary.not_reached,
        "average": round(summary.chat / summary.answered) if summary.answered else 0,
        "begin": summary.newer + 1,
        "until": summary.newer + len(shown),
        "records": [_line(record) for record in shown],
    }
    return Message("cdr", facts, _buttons(wanted, summary, asked))


async def _numbers(request: Request, search: str) -> tuple[str, ...]:
    """Return extensions and mobile numbers of the employees that the name matches."""
    if not search or as_number(search):
        return ()
    found = await request.station.pbx.phone_book.named(search)
    return tuple(dict.fromkeys(number for row in found for number in (row.number, row.mobile) if same_number(number)))


async def _records(request: Request, wanted: CallFilter, numbers: Sequence[str]) -> AsyncIterator[CallRecord]:
    """Yield each record once, although several narrowed searches may return it."""
    seen: set[str] = set()
    narrowings = wanted.narrowings(numbers)
    for narrowing in narrowings:
        async for record in request.station.pbx.records.between(wanted.period.start, wanted.period.end, narrowing):
            if record.linkedid not in seen:
                if len(narrowings) > 1:
                    seen.add(record.linkedid)
                yield record


def _place(stored: Sequence[str] | None) -> Place | None:
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


def _buttons(wanted: CallFilter, summary: Summary, asked: Mapping[str, Any]) -> Rows:
    shown, stored = summary.page, wanted.stored()
    cards = [
        Button(str(number), "cdr.record", {"linkedid": record.linkedid, "back": dict(asked)})
        for number, record in enumerate(shown, summary.newer + 1)
    ]
    newer = {"wanted": stored, "after": _stored(shown[0])} if summary.newer else None
    has_older = summary.newer + len(shown) < summary.total
    older = {"wanted": stored, "before": _stored(shown[-1])} if has_older else None
    refresh = Button(mark("↻ Refresh"), "cdr.page", {"wanted": stored})
    endings = [
        Button(label, "cdr.page", {"wanted": wanted.with_ending(ending).stored()})
        for ending, label in ENDINGS.items()
        if ending != wanted.ending
    ]
    turns = paging.page_row("cdr.page", newer, older)
    return (*paging.grid(cards, CARDS_IN_A_ROW), *turns, (refresh,), tuple(endings))


def _stored(record: CallRecord) -> list[str]:
    start, linkedid = place_of(record)
    return [start.isoformat(), linkedid]

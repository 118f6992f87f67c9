"""/stats: call statistics of a period, one view at a time."""

import asyncio
from collections.abc import Mapping
from heapq import nsmallest
from typing import Any

from bot.calls.call_stats import CallStats, bars, compute_stats
from bot.calls.outcome import Outcome
from bot.messages.message import Button, Message, Rows, mark
from bot.pbx.resources.record_models import Direction
from handlers.calls.reading import ANEW, CONTINUE, Reading
from handlers.dialog.not_understood import not_a_period
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.parsing.periods import NotAPeriod, Period, from_stored, read_period

TOP_CALLERS = 5
TOP_EMPLOYEES = 10
TOP_TRUNKS = 10
VIEWS = {
    "all": mark("Overview"),
    "employees": mark("By employee"),
    "trunks": mark("By trunk"),
    "hours": mark("By hour"),
    "callers": mark("Callers"),
}
PERIODS = {"today": mark("Today"), "yesterday": mark("Yesterday"), "7d": mark("7 days"), "30d": mark("30 days")}


@command(
    "stats",
    topic=Topic.CALLS,
    summary=mark("Calls in figures: answered, missed, by hour, trunk and employee"),
    usage=mark("[period]"),
    examples=("/stats", mark("/stats 7d"), mark("/stats 2026-11-01 2026-11-05")),
)
async def stats(request: Request) -> Reply:
    return Reply(await _figures(request, period_written(request, request.arguments, "stats"), "all"))


@button("stats.show")
async def show(request: Request) -> Reply:
    data = request.data
    if "written" in data:
        period = read_period(str(data["written"]), request.station.local(request.now))
    else:
        period = from_stored(data)
    return Reply(await _figures(request, period, str(data["view"])))


def period_written(request: Request, text: str, command_name: str) -> Period:
    """Parse the period. Raises WrongArguments with the syntax for this command."""
    try:
        return read_period(text, request.station.local(request.now))
    except NotAPeriod as wrong:
        raise not_a_period(command_name, text, wrong) from None


async def _figures(request: Request, period: Period, view: str) -> Message:
    reading = Reading(request, period, Button(CONTINUE, "stats.show", period.stored() | {"view": view}))
    totals = await reading.finish(compute_stats(reading.calls()))
    facts: dict[str, Any] = period.facts() | {
        "station": request.station.name,
        "view": view,
        "total": totals.total,
    }
    if totals.total:
        # In a thread: a long period has many callers.
        facts |= await asyncio.to_thread(_VIEWS[view], totals, request.station.watch.trunk_names)
    return Message("stats", facts, _buttons(period, view))


def _overview(totals: CallStats, _names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "incoming": totals.directions[Direction.INCOMING],
        "outgoing": totals.directions[Direction.OUTGOING],
        "internal": totals.directions[Direction.INTERNAL],
        "outcomes": {str(result): totals.outcomes[result] for result in Outcome},
        "after_hours": totals.after_hours,
        "rate": totals.answer_rate,
        "average": totals.talk.value,
        "longest": totals.longest,
        "longest_wait": totals.longest_wait,
        "pbx": {
            "calls": totals.pbx.calls,
            "answered": totals.pbx.answered,
            "missed": totals.pbx.missed,
            "average": totals.pbx.talk.value,
        },
    } | _hours(totals, _names)


def _hours(totals: CallStats, _names: Mapping[str, str]) -> dict[str, Any]:
    busiest = totals.busiest_hour
    return {
        "bars": bars(totals.hours),
        "busiest": None if busiest is None else {"hour": busiest, "calls": totals.hours[busiest]},
        "hours": [{"hour": hour, "calls": totals.hours[hour]} for hour in sorted(totals.hours)],
    }


def _callers(totals: CallStats, _names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "callers": [
            {"number": number, "name": totals.caller_names.get(number, ""), "calls": calls}
            for number, calls in totals.callers.most_common(TOP_CALLERS)
        ],
        "different": len(totals.callers),
    }


def _trunks(totals: CallStats, names: Mapping[str, str]) -> dict[str, Any]:
    busiest = nsmallest(
        TOP_TRUNKS, totals.trunks.items(), key=lambda item: (-item[1].incoming - item[1].outgoing, item[0])
    )
    return {
        "trunks": [
            {
                "name": names.get(trunk, trunk),
                "incoming": row.incoming,
                "outgoing": row.outgoing,
                "answered": row.answered,
                "missed": row.missed,
            }
            for trunk, row in busiest
        ],
        "more": max(0, len(totals.trunks) - TOP_TRUNKS),
    }


def _employees(totals: CallStats, _names: Mapping[str, str]) -> dict[str, Any]:
    busiest = nsmallest(
        TOP_EMPLOYEES, totals.employees.items(), key=lambda item: (-item[1].called - item[1].answered, item[0])
    )
    return {
        "employees": [
            {"number": number, "name": row.name, "called": row.called, "answered": row.answered, "talk": row.talk}
            for number, row in busiest
        ],
        "more": max(0, len(totals.employees) - TOP_EMPLOYEES),
    }


_VIEWS = {"all": _overview, "employees": _employees, "trunks": _trunks, "hours": _hours, "callers": _callers}


def _buttons(period: Period, view: str) -> Rows:
    days = period.stored()
    periods = tuple(
        Button(label, "stats.show", {"written": written, "view": view}) for written, label in PERIODS.items()
    )
    views = [Button(label, "stats.show", {**days, "view": name}) for name, label in VIEWS.items() if name != view]
    refresh = Button(mark("↻ Refresh"), "stats.show", {**days, "view": view, ANEW: True})
    return periods, tuple(views[:2]), (*views[2:], refresh)

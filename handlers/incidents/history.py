"""/history: outages, downtime and availability of trunks in a period, as a list and a chart."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.access.policy import Permission
from bot.incidents.model import STATION, is_of_trunk
from bot.messages import chart, masking
from bot.messages.message import Button, File, Message, Rows, grid, mark
from handlers.dialog import paging
from handlers.dialog.not_understood import not_a_period
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.incidents.availability import StateInterval, TrunkAvailability, intervals_of, trunk_availabilities
from handlers.parsing.periods import NotAPeriod, Period, from_stored, take_period
from handlers.trunks.trunks import choice

PAGE_SIZE = 8
BUTTONS_IN_A_ROW = 4
MAX_TRUNKS = 10
DEFAULT_PERIOD = ("7d",)
TITLE = mark("outages of the trunks")


@dataclass(frozen=True, slots=True)
class TrunkHistory:
    """Data of the period. `since` is later than its start if monitoring began later. `off`: names of disabled trunks
    without an outage, which are excluded since disabled does not mean available."""

    since: datetime
    until: datetime
    trunks: Sequence[TrunkAvailability]
    off: Sequence[str]
    intervals: Sequence[StateInterval]


@command(
    "history",
    topic=Topic.INCIDENTS,
    summary=mark("The outages of the trunks in a period: how many, how long, availability, as a chart too"),
    usage=mark("[trunk] [period]"),
    examples=("/history", mark("/history Zadarma 30d"), mark("/history 2026-11-01 2026-11-15")),
)
async def history(request: Request) -> Reply:
    words = request.arguments.split()
    now = request.station.local(request.now)
    try:
        period, remaining = take_period(words, now)
        if len(remaining) == len(words):
            period, _ = take_period(DEFAULT_PERIOD, now)
    except NotAPeriod as wrong:
        raise not_a_period("history", request.arguments, wrong) from None
    trunk = " ".join(remaining).strip("\"'“”«»")
    trunk_history = await _load(request, trunk, period)
    if trunk and not (trunk_history.trunks or trunk_history.off):
        return Reply(choice(request, (), trunk), outcome="no such trunk")
    return Reply(_page(request, trunk_history, trunk, period, 0))


@button("history.show")
async def show(request: Request) -> Reply:
    trunk, period = str(request.data["trunk"]), from_stored(request.data)
    return Reply(_page(request, await _load(request, trunk, period), trunk, period, int(request.data["page"])))


@button("history.chart")
async def show_chart(request: Request) -> Reply:
    if not chart.is_possible():
        return Reply(toast=mark("Charts are not installed on this bot."), outcome="no charts")
    return Reply(toast=mark("It is being drawn."), then=lambda: _chart(request), outcome="chart begun")


async def _chart(request: Request) -> Reply:
    trunk, period = str(request.data["trunk"]), from_stored(request.data)
    trunk_history = await _load(request, trunk, period)
    picture = await asyncio.to_thread(chart.drawn, _drawing(request, trunk_history))
    name = f"history-{period.first:%Y-%m-%d}-{period.last:%Y-%m-%d}.png"
    facts = _facts(request, trunk_history, period) | {"more": max(0, len(trunk_history.trunks) - chart.MAX_ROWS)}
    file = File(name, picture, kind="photo", caption=Message("history_caption", facts))
    return Reply(file=file, outcome="chart sent")


async def _load(request: Request, trunk: str, period: Period) -> TrunkHistory:
    zone, incidents, station = request.station.zone(), request.services.incidents, request.station.name
    begin, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (period.start, period.end))
    known_from = await incidents.monitored_since(station, request.now) or request.now
    end = min(end + timedelta(seconds=1), request.now)
    begin = min(max(begin, known_from), end)
    events = await incidents.changes(station, begin, end)
    intervals = [
        interval
        for incident in await incidents.between(station, begin, end)
        for interval in intervals_of(incident, events.get(incident.id, ()))
        if incident.subject == STATION or is_of_trunk(incident.subject)
    ]
    trunks = _matching(trunk, await _names(request, None if trunk else {interval.subject for interval in intervals}))
    selected = [interval for interval in intervals if interval.subject == STATION or interval.subject in trunks]
    had_some = {interval.subject for interval in selected}
    off = {s: n for s, n in trunks.items() if s in request.station.watch.disabled_trunks and s not in had_some}
    on = {subject: name for subject, name in trunks.items() if subject not in off}
    return TrunkHistory(begin, end, trunk_availabilities(selected, on, begin, end), sorted(off.values()), selected)


async def _names(request: Request, only: Collection[str] | None) -> dict[str, str]:
    """Return monitored trunks and those with incidents, limited to `only`; the latter may have been deleted since."""
    known = await request.services.incidents.names(request.station.name)
    had_some = {subject: name for subject, name in known.items() if is_of_trunk(subject)}
    watch = request.station.watch
    watched = {s: n for s, n in watch.trunk_names.items() if s not in watch.unwatched}
    return {s: n for s, n in had_some.items() if only is None or s in only} | watched


def _matching(text: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return names by id: exact matches of name or id, else names that contain the text. Empty text matches all."""
    query = text.casefold()
    exact = {subject: name for subject, name in names.items() if query in (name.casefold(), subject.casefold())}
    return exact or {subject: name for subject, name in names.items() if query in name.casefold()}


def _page(request: Request, trunk_history: TrunkHistory, trunk: str, period: Period, page: int) -> Message:
    listed = [interval for interval in trunk_history.intervals if interval.is_down or interval.is_uncertain]
    listed.sort(key=lambda interval: interval.began_at, reverse=True)
    shown = paginate(listed, page, PAGE_SIZE)
    is_first = not shown.has_previous
    facts = _facts(request, trunk_history, period) | {
        "trunks": [_trunk(row) for row in trunk_history.trunks[:MAX_TRUNKS]] if is_first else [],
        "more": max(0, len(trunk_history.trunks) - MAX_TRUNKS) if is_first else 0,
        "off": trunk_history.off[:MAX_TRUNKS] if is_first else [],
        "spells": [_interval_facts(interval, request.now) for interval in shown.items],
        "total": len(listed),
        **shown.facts(),
        "no_charts": is_first and not chart.is_possible(),
    }
    data = {"trunk": trunk, **period.stored()}
    return Message("history", facts, _buttons(shown, data, drawable=bool(trunk_history.trunks)))


def _facts(request: Request, trunk_history: TrunkHistory, period: Period) -> dict[str, Any]:
    began = period.start.replace(tzinfo=request.station.zone())
    return period.facts() | {
        "station": request.station.name,
        "known_from": trunk_history.since if trunk_history.since > began else None,
        "unknown": trunk_history.since >= trunk_history.until,
    }


def _trunk(row: TrunkAvailability) -> dict[str, Any]:
    return {
        "name": row.name,
        "outages": len(row.outages),
        "down": row.down.total_seconds(),
        "longest": row.longest.total_seconds(),
        "recovery": row.recovery.total_seconds() if row.recovery is not None else None,
        "availability": percent(row.availability),
    }


def percent(share: float | None) -> str:
    """Return percent rounded down, so that an outage never shows as 100; "" if unknown."""
    if share is None:
        return ""
    return "100" if share == 100 else f"{int(share * 1000) / 1000:.3f}".rstrip("0").rstrip(".")


def _interval_facts(interval: StateInterval, now: datetime) -> dict[str, Any]:
    return {
        "number": interval.number,
        "name": interval.name,
        "kind": str(interval.kind),
        "cause": interval.cause,
        "is_down": interval.is_down,
        "began_at": interval.began_at,
        "ended_at": interval.ended_at,
        "lasted": ((interval.ended_at or now) - interval.began_at).total_seconds(),
    }


def _buttons(shown: Page[StateInterval], data: Mapping[str, Any], *, drawable: bool) -> Rows:
    numbers = {interval.incident: interval.number for interval in shown.items}
    detail_buttons = [Button(f"#{number}", "incident.details", {"incident": id_}) for id_, number in numbers.items()]
    chart_row: Rows = ((Button(mark("📊 Chart"), "history.chart", data),),) if drawable and chart.is_possible() else ()
    return (
        *grid(detail_buttons, BUTTONS_IN_A_ROW),
        *paging.numbered_row(shown, "history.show", data),
        *chart_row,
    )


def _drawing(request: Request, trunk_history: TrunkHistory) -> chart.Chart:
    """Return the chart; in a group, numbers in names are masked for people without the permission."""
    hide = not request.place.private and not request.may(Permission.NUMBERS_READ).allowed
    rows = [
        chart.ChartRow(
            name=masking.masked(row.name) if hide else row.name,
            down=[outage.span for outage in row.outages],
            unknown=row.uncertain,
            note=f"{share} %" if (share := percent(row.availability)) else "–",
        )
        for row in trunk_history.trunks
    ]
    return chart.Chart(
        title=f"{request.station.title} · {request.translate(TITLE)}",
        begin=trunk_history.since,
        end=trunk_history.until,
        zone=request.station.zone(),
        rows=rows,
        good_means=request.translate(mark("works")),
        down_means=request.translate(mark("down")),
        unknown_means=request.translate(mark("not known")),
    )

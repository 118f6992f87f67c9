"""/history: outages, downtime and availability of trunks in a period, as a list and a chart."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.access.policy import Permission
from bot.incidents.model import STATION, is_of_trunk
from bot.messages import chart, masking
from bot.messages.message import Button, File, Message, Rows, mark
from handlers.dialog import paging
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.incidents.availability import StateInterval, TrunkAvailability, intervals_of, trunk_availabilities
from handlers.parsing.periods import NotAPeriod, Period, from_stored, take_period

PAGE = 8
CARDS_IN_A_ROW = 4
MOST_TRUNKS = 10
USUAL = ("7d",)
TITLE = mark("outages of the trunks")


@dataclass(frozen=True, slots=True)
class Looked:
    """Data of the period. `since` is later than its start if monitoring began later. `off`: names of disabled trunks
    without an outage, which are excluded since disabled does not mean available."""

    since: datetime
    until: datetime
    trunks: Sequence[TrunkAvailability]
    off: Sequence[str]
    spells: Sequence[StateInterval]


@command(
    "history",
    topic=Topic.INCIDENTS,
    summary=mark("The outages of the trunks in a period: how many, how long, availability, as a chart too"),
    usage=mark("[trunk] [period]"),
    examples=("/history", "/history Zadarma 30d", "/history 2026-11-01 2026-11-15"),
)
async def history(request: Request) -> Reply:
    words = request.arguments.split()
    now = request.station.local(request.now)
    try:
        period, rest = take_period(words, now)
        if len(rest) == len(words):
            period, _ = take_period(USUAL, now)
    except NotAPeriod as wrong:
        raise WrongArguments(message=Message("not_a_period", {"written": str(wrong), "command": "history"})) from None
    trunk = " ".join(rest).strip("\"'“”«»")
    looked = await _look(request, trunk, period)
    if trunk and not (looked.trunks or looked.off):
        return Reply(Message("trunk_choice", {"station": request.station.name, "found": 0}), outcome="no such trunk")
    return Reply(_page(request, looked, trunk, period, 0))


@button("history.show")
async def show(request: Request) -> Reply:
    trunk, period = str(request.data["trunk"]), from_stored(request.data)
    return Reply(_page(request, await _look(request, trunk, period), trunk, period, int(request.data["page"])))


@button("history.chart")
async def show_chart(request: Request) -> Reply:
    if not chart.is_possible():
        return Reply(toast=mark("Charts are not installed on this bot."), outcome="no charts")
    return Reply(toast=mark("It is being drawn."), then=lambda: _chart(request), outcome="chart begun")


async def _chart(request: Request) -> Reply:
    trunk, period = str(request.data["trunk"]), from_stored(request.data)
    looked = await _look(request, trunk, period)
    picture = await asyncio.to_thread(chart.drawn, _drawing(request, looked))
    name = f"history-{period.first:%Y-%m-%d}-{period.last:%Y-%m-%d}.png"
    facts = _facts(request, looked, period) | {"more": max(0, len(looked.trunks) - chart.MOST_ROWS)}
    file = File(name, picture, kind="photo", caption=Message("history_caption", facts))
    return Reply(file=file, outcome="chart sent")


async def _look(request: Request, trunk: str, period: Period) -> Looked:
    zone, incidents, station = request.station.zone(), request.services.incidents, request.station.name
    begin, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (period.start, period.end))
    known_from = await incidents.beginning(station, request.now) or request.now
    end = min(end + timedelta(seconds=1), request.now)
    begin = min(max(begin, known_from), end)
    turns = await incidents.turns(station, begin, end)
    spells = [
        spell
        for incident in await incidents.between(station, begin, end)
        for spell in intervals_of(incident, turns.get(incident.id, ()))
        if incident.subject == STATION or is_of_trunk(incident.subject)
    ]
    trunks = _meant(trunk, await _names(request, None if trunk else {spell.subject for spell in spells}))
    mine = [spell for spell in spells if spell.subject == STATION or spell.subject in trunks]
    had_some = {spell.subject for spell in mine}
    off = {s: n for s, n in trunks.items() if s in request.station.watch.disabled_trunks and s not in had_some}
    on = {subject: name for subject, name in trunks.items() if subject not in off}
    return Looked(begin, end, trunk_availabilities(mine, on, begin, end), sorted(off.values()), mine)


async def _names(request: Request, only: Collection[str] | None) -> dict[str, str]:
    """Return monitored trunks and those with incidents, limited to `only`; the latter may have been deleted since."""
    known = await request.services.incidents.names(request.station.name)
    had_some = {subject: name for subject, name in known.items() if is_of_trunk(subject)}
    watch = request.station.watch
    watched = {s: n for s, n in watch.trunk_names.items() if s not in watch.unwatched}
    return {s: n for s, n in had_some.items() if only is None or s in only} | watched


def _meant(written: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return names by id: exact matches of name or id, else names that contain the text. Empty text matches all."""
    wanted = written.casefold()
    exact = {subject: name for subject, name in names.items() if wanted in (name.casefold(), subject.casefold())}
    return exact or {subject: name for subject, name in names.items() if wanted in name.casefold()}


def _page(request: Request, looked: Looked, trunk: str, period: Period, page: int) -> Message:
    listed = [spell for spell in looked.spells if spell.is_down or spell.is_uncertain]
    listed.sort(key=lambda spell: spell.began_at, reverse=True)
    shown = paginate(listed, page, PAGE)
    is_first = not shown.has_previous
    facts = _facts(request, looked, period) | {
        "trunks": [_trunk(past) for past in looked.trunks[:MOST_TRUNKS]] if is_first else [],
        "more": max(0, len(looked.trunks) - MOST_TRUNKS) if is_first else 0,
        "off": looked.off[:MOST_TRUNKS] if is_first else [],
        "spells": [_spell(spell, request.now) for spell in shown.items],
        "total": len(listed),
        **shown.facts(),
        "no_charts": is_first and not chart.is_possible(),
    }
    wanted = {"trunk": trunk, **period.stored()}
    return Message("history", facts, _buttons(shown, wanted, drawable=bool(looked.trunks)))


def _facts(request: Request, looked: Looked, period: Period) -> dict[str, Any]:
    began = period.start.replace(tzinfo=request.station.zone())
    return period.facts() | {
        "station": request.station.name,
        "known_from": looked.since if looked.since > began else None,
        "unknown": looked.since >= looked.until,
    }


def _trunk(past: TrunkAvailability) -> dict[str, Any]:
    return {
        "name": past.name,
        "outages": len(past.outages),
        "down": past.down.total_seconds(),
        "longest": past.longest.total_seconds(),
        "recovery": past.recovery.total_seconds() if past.recovery is not None else None,
        "availability": percent(past.availability),
    }


def percent(share: float | None) -> str:
    """Return percent rounded down, so that an outage never shows as 100; "" if unknown."""
    if share is None:
        return ""
    return "100" if share == 100 else f"{int(share * 1000) / 1000:.3f}".rstrip("0").rstrip(".")


def _spell(spell: StateInterval, now: datetime) -> dict[str, Any]:
    return {
        "number": spell.incident,
        "name": spell.name,
        "kind": str(spell.kind),
        "cause": spell.cause,
        "is_down": spell.is_down,
        "began_at": spell.began_at,
        "ended_at": spell.ended_at,
        "lasted": ((spell.ended_at or now) - spell.began_at).total_seconds(),
    }


def _buttons(shown: Page[StateInterval], wanted: Mapping[str, Any], *, drawable: bool) -> Rows:
    numbers = list(dict.fromkeys(spell.incident for spell in shown.items))
    cards = [Button(f"#{number}", "incident.details", {"incident": number}) for number in numbers]
    draws: Rows = ((Button(mark("📊 Chart"), "history.chart", wanted),),) if drawable and chart.is_possible() else ()
    return (*paging.grid(cards, CARDS_IN_A_ROW), *paging.numbered_row(shown, "history.show", wanted), *draws)


def _drawing(request: Request, looked: Looked) -> chart.Chart:
    """Return the chart; in a group, numbers in names are masked for people without the permission."""
    hide = not request.place.private and not request.may(Permission.NUMBERS).allowed
    rows = [
        chart.ChartRow(
            name=masking.masked(past.name) if hide else past.name,
            down=[outage.span for outage in past.outages],
            unknown=past.uncertain,
            note=f"{share} %" if (share := percent(past.availability)) else "–",
        )
        for past in looked.trunks
    ]
    return chart.Chart(
        title=f"{request.station.title} · {request.translate(TITLE)}",
        begin=looked.since,
        end=looked.until,
        zone=request.station.zone(),
        rows=rows,
        good_means=request.translate(mark("works")),
        down_means=request.translate(mark("down")),
        unknown_means=request.translate(mark("not known")),
    )

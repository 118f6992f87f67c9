"""/audit: requests, with actor, chat, decision, reason and outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.store.access.audit_queries import AuditFilter, AuditRow
from bot.store.access.contacts import Contact
from bot.store.tables.audit import AuditOutcome
from handlers.access import audit_export
from handlers.access.audit_changes import Difference, differences
from handlers.dialog import paging
from handlers.dialog.not_understood import not_a_period
from handlers.dispatch.declare import CATALOGUE, button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import RULES, Topic
from handlers.parsing.people import ID
from handlers.parsing.periods import NotAPeriod, Period, take_period

PAGE_SIZE = 10
BUTTONS_IN_A_ROW = 5
DECISIONS = {"denied": False, "refused": False, "отказано": False, "allowed": True, "разрешено": True}


@command(
    "audit",
    topic=Topic.ACCESS,
    summary=mark("Who asked for what, what was decided and why, and what came of it; in private only"),
    usage=mark("[@username | id] [command] [denied | allowed] [period]"),
    examples=("/audit", mark("/audit denied 7d"), mark("/audit @boris today"), "/audit /add_employee"),
)
async def audit(request: Request) -> Reply:
    return Reply(await _page(request, await _read(request), None))


@button("audit.page")
async def show_page(request: Request) -> Reply:
    return Reply(await _page(request, _from_button(request, request.data["wanted"]), request.data.get("before")))


@button("audit.card")
async def show_details(request: Request) -> Reply:
    found = await request.services.audit.find(int(request.data["entry"]))
    if found is None or _station(request) not in (None, found[0].station):
        return Reply(toast=mark("I do not know this any more."), outcome="gone")
    entry, outcomes = found
    names = await request.known([entry.actor_id, entry.chat_id])
    facts = _line(request, AuditRow(entry, outcomes[-1] if outcomes else None), names) | {
        "arguments": entry.arguments,
        "permission": entry.permission,
        "person": entry.actor_id,
        "chat": entry.chat_id,
        "outcomes": [{"at": one.at, "outcome": one.outcome} for one in outcomes],
        "changes": [one._asdict() for one in _changes(outcomes, request.translate)],
    }
    back = Button(paging.TO_LIST, "audit.page", dict(request.data["back"]))
    return Reply(Message("audit_entry", facts, ((back,),)))


@button("audit.export")
async def export(request: Request) -> Reply:
    """Export in a background task: a year can be many rows."""
    audit_filter = _from_button(request, request.data["wanted"])
    send = partial(audit_export.export, request, audit_filter)
    return Reply(toast=mark("It comes as a file."), then=send, outcome="export begun")


async def _read(request: Request) -> AuditFilter:
    """Parse words in any order. Raises WrongArguments."""
    now = request.station.local(request.now)
    audit_filter, unparsed = AuditFilter(station=_station(request)), list[str]()
    for word in request.arguments.split():
        if word.lower() in DECISIONS:
            audit_filter = replace(audit_filter, allowed=DECISIONS[word.lower()])
        elif (what := _what(word)) is not None:
            audit_filter = replace(audit_filter, what=what)
        elif word.startswith("@") or ID.fullmatch(word):
            audit_filter = replace(audit_filter, actor_id=await _person(request, word))
        else:
            unparsed.append(word)
    if not unparsed:
        return audit_filter
    try:
        period, unknown = take_period(unparsed, now)
    except NotAPeriod as wrong:
        raise not_a_period("audit", request.arguments, wrong) from None
    if unknown:
        raise WrongArguments(
            mark("I do not understand “%(written)s”. Known: a @username, an id, a command, denied, allowed, a period."),
            written=" ".join(unknown),
        )
    return _within(audit_filter, period, request)


def _what(word: str) -> str | None:
    """Parse a command name, or the prefix of its button actions."""
    name = word.removeprefix("/").lower()
    if name in CATALOGUE.commands:
        return name
    return name if any(action.partition(".")[0] == name for action in RULES) else None


async def _person(request: Request, word: str) -> int:
    if not word.startswith("@"):
        return int(word)
    known = await request.by_username(word)
    if known is None:
        raise WrongArguments(message=request.unknown_username(word))
    return known.id


def _within(audit_filter: AuditFilter, period: Period, request: Request) -> AuditFilter:
    zone = request.station.zone()
    since, until = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (period.start, period.end))
    return replace(audit_filter, since=since, until=until + timedelta(seconds=1))


def _period(audit_filter: AuditFilter, request: Request) -> dict[str, Any] | None:
    """Return the period as it was written, in the station's local time."""
    if audit_filter.since is None or audit_filter.until is None:
        return None
    local = request.station.local
    return Period(local(audit_filter.since), local(audit_filter.until - timedelta(seconds=1))).facts()


async def _page(request: Request, audit_filter: AuditFilter, before: int | None) -> Message:
    rows = await request.services.audit.newest(audit_filter, PAGE_SIZE + 1, before=before)
    page_rows, more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    names = await request.known({n for row in page_rows for n in (row.entry.actor_id, row.entry.chat_id)})
    facts = {
        "total": await request.services.audit.count(audit_filter),
        "rows": [_line(request, row, names) for row in page_rows],
        "first_page": before is None,
        "allowed": audit_filter.allowed,
        "what": audit_filter.what,
        "person": audit_filter.actor_id,
        "period": _period(audit_filter, request),
    }
    return Message("audit", facts, _buttons(audit_filter, page_rows, before, more=more))


def _buttons(audit_filter: AuditFilter, page_rows: Sequence[AuditRow], before: int | None, *, more: bool) -> Rows:
    here = {"wanted": _stored(audit_filter), "before": before}
    detail_buttons = [
        Button(str(number), "audit.card", {"entry": row.entry.id, "back": here})
        for number, row in enumerate(page_rows, 1)
    ]
    if not page_rows:
        return ()
    newest = [Button(mark("⏮ Newest"), "audit.page", here | {"before": None})] if before is not None else []
    older = here | {"before": page_rows[-1].entry.id} if more else None
    export = Button(mark("📄 Export"), "audit.export", here)
    return (
        *grid(detail_buttons, BUTTONS_IN_A_ROW),
        *paging.page_row("audit.page", None, older, before=newest),
        (export,),
    )


def _station(request: Request) -> str | None:
    """Return the station that the audit is limited to; None for all."""
    name = request.station.name
    return name if request.services.fleet.single_station is None and name != EVERY_STATION else None


def _line(request: Request, row: AuditRow, names: Mapping[int, Contact]) -> dict[str, Any]:
    entry = row.entry
    chat = names.get(entry.chat_id)
    of_all = request.services.fleet.single_station is None and _station(request) is None
    return {
        "station": entry.station if of_all else request.station.name,
        "of_all": of_all,
        "at": entry.at,
        "who": entry.actor_name,
        "where": chat.name if chat and entry.chat_id < 0 else "",
        "private": entry.chat_id > 0,
        "what": entry.what,
        "arguments": entry.arguments if entry.what.startswith("/") else "",
        "allowed": entry.allowed,
        "reason": entry.reason,
        "outcome": row.outcome.outcome if row.outcome else "",
    }


def _changes(outcomes: Sequence[AuditOutcome], translate: Callable[[str], str]) -> list[Difference]:
    """Return what a write has changed."""
    changed = next((one for one in outcomes if one.before is not None or one.after is not None), None)
    return [*differences(changed.before, changed.after, translate)] if changed else []


def _stored(audit_filter: AuditFilter) -> dict[str, Any]:
    return {
        "since": audit_filter.since.isoformat() if audit_filter.since else None,
        "until": audit_filter.until.isoformat() if audit_filter.until else None,
        "actor_id": audit_filter.actor_id,
        "what": audit_filter.what,
        "allowed": audit_filter.allowed,
    }


def _from_button(request: Request, stored: Mapping[str, Any]) -> AuditFilter:
    """Restore a filter from `_stored`, limited to the button's station."""
    moments = {key: datetime.fromisoformat(stored[key]) if stored[key] else None for key in ("since", "until")}
    return AuditFilter(**{**stored, **moments, "station": _station(request)})

"""/employees: names, numbers, and connected phones."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import EmployeeRow, PbxError
from bot.sandbox.time_slices import matching
from bot.text.person_names import is_named
from bot.text.similar_names import MAX_NEAR, nearest_names
from handlers.dialog import paging
from handlers.dialog.paging import Page, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.employees import card
from handlers.parsing.phone_numbers import as_number

PAGE_SIZE = 10
BUTTONS_IN_A_ROW = 5
# Timeout in seconds for the state of the phones; the list does not wait longer for it.
PHONES_TIMEOUT = 5.0


@command(
    "employees",
    topic=Topic.EMPLOYEES,
    summary=mark("The employees: numbers, mobiles, who is connected"),
    usage=mark("[number, name, e-mail or mobile]"),
    examples=("/employees", mark("/employees Anna"), "/employees 243"),
)
async def employees(request: Request) -> Reply:
    search = request.arguments.strip()
    if search.isascii() and search.isdecimal() and (found := await request.station.pbx.employees.find(search)):
        return Reply(await card.details_view(request, found.id))
    return Reply(await _list(request, search, 0))


async def select_one(request: Request, written: str) -> EmployeeRow | Message:
    """Return the employee with this number or, in any spelling, this name; else the reply: there is none, or
    several."""
    if written.isascii() and written.isdecimal():
        found = await request.station.pbx.employees.find(written)
        return found or Message("no_such_employee", {"written": written, "near": 0})
    all_rows = (await request.station.pbx.employees.list()).value
    named = await matching(all_rows, lambda row: is_named(row.name, written))
    if len(named) == 1:
        return named[0]
    return await _list(request, written, 0) if named else nobody(written, all_rows)


def nobody(written: str, rows: Sequence[EmployeeRow]) -> Message:
    """Answer to a name of nobody, with the nearest."""
    near = nearest_names(written, [row.name for row in rows])
    offered = [row for row in rows if row.name in near][:MAX_NEAR]
    facts = {"written": written, "near": len(offered)}
    buttons = tuple((Button(f"{row.number} {row.name}", "employee.card", {"id": row.id}),) for row in offered)
    return Message("no_such_employee", facts, buttons)


@button("employees.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request, str(request.data["search"]), int(request.data["page"])))


async def _list(request: Request, search: str, page: int) -> Message:
    answer, connected = await asyncio.gather(request.station.pbx.employees.list(), _connected(request))
    found = await matching(answer.value, lambda row: not search or _is_found(row, search))
    if search and not found and not as_number(search):
        return nobody(search, answer.value)
    rows = sorted(found, key=lambda row: (len(row.number), row.number))
    shown = paginate(rows, page, PAGE_SIZE)
    facts = {
        "station": request.station.name,
        "search": search,
        "total": len(rows),
        "phones_known": connected is not None,
        "employees": [_row(row, connected) for row in shown.items],
        **shown.facts(),
    }
    return Message("employees", facts, _buttons(shown, search))


def _is_found(row: EmployeeRow, search: str) -> bool:
    """Match in the bot: the PBX's own search takes Пётр and Петр for two names."""
    number = as_number(search)
    return (
        is_named(row.name, search)
        or search.casefold() in row.email.casefold()
        or bool(number and (number in row.number or number in row.mobile))
    )


async def _connected(request: Request) -> frozenset[str] | None:
    """Numbers with a connected phone; None after a timeout or an error of the PBX."""
    if request.station.watch.asterisk_down:
        return None
    try:
        async with asyncio.timeout(PHONES_TIMEOUT):
            statuses = (await request.station.pbx.extensions.statuses()).value
    except (PbxError, TimeoutError):
        return None
    return frozenset(number for number, status in statuses.items() if status.online)


def _row(row: EmployeeRow, connected: frozenset[str] | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "mobile": row.mobile,
        "disabled": row.disabled,
        "online": connected is not None and row.number in connected,
    }


def _buttons(shown: Page[EmployeeRow], search: str) -> Rows:
    here = {"search": search, "page": shown.number}
    detail_buttons = [
        Button(row.number, "employee.card", {"id": row.id, "back": here}) for row in shown.items if row.id
    ]
    page_row = paging.numbered_row(shown, "employees.show", here)
    return (
        *grid(detail_buttons, BUTTONS_IN_A_ROW),
        *page_row,
        (Button(mark("↻ Refresh"), "employees.show", here),),
    )

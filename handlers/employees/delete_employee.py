"""/delete_employee: a preview of the routes and queues that depend on the employee, the deletion, and its undo."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.messages.message import Button, Message, mark
from bot.pbx import Employee, NotFound, PbxError
from bot.store.access.audit import Change
from handlers.dialog import confirm, pbx_errors, verify_write
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.employees import employees, fields
from handlers.employees.undo import restored, snapshot, undo_deletion


@command(
    "delete_employee",
    topic=Topic.EMPLOYEES,
    summary=mark("Delete an employee, after showing what depends on it"),
    usage=mark("number"),
    examples=("/delete_employee 243",),
)
async def delete_employee(request: Request) -> Reply:
    written = request.arguments.strip()
    if not written:
        raise WrongArguments(mark("Write the number of the employee to delete."))
    found = await employees.select_one(request, written)
    if isinstance(found, Message):
        return Reply(found, outcome="no such employee, or several")
    return await _ask(request, found.id)


@button("employee.delete")
async def ask(request: Request) -> Reply:
    return await _ask(request, str(request.data["id"]))


async def _ask(request: Request, employee_id: str) -> Reply:
    employee = (await request.station.pbx.employees.get(employee_id)).value
    routes, queues = await asyncio.gather(
        _part(lambda: _routes_to(request, employee.number)), _part(lambda: _queues_with(request, employee.number))
    )
    person = {"id": employee.id, "number": employee.number, "name": employee.name}
    facts = person | {"station": request.station.name, "routes": routes, "queues": queues}
    return await confirm.preview_stored(
        request,
        {"employee": snapshot(employee)},
        Message("employee_delete", facts),
        Button(mark("🗑 Delete"), "employee.delete_now", person),
        Button(mark("Cancel"), "employee.keep", person),
        outcome=f"asked for {employee.number}",
    )


async def _part(query: Callable[[], Awaitable[list[str]]]) -> dict[str, Any]:
    """Return one kind of dependency; a key without the right to read it does not hide the others."""
    try:
        return {"names": await query(), "problem": None}
    except PbxError as error:
        return {"names": [], "problem": pbx_errors.describe(error)}


async def _routes_to(request: Request, number: str) -> list[str]:
    routes = (await request.station.pbx.routing.incoming()).value
    return [route.name or route.number or route.id for route in routes if route.extension == number]


async def _queues_with(request: Request, number: str) -> list[str]:
    queues = (await request.station.pbx.routing.queues()).value
    return [
        f"{queue.name} {queue.extension}"
        for queue in queues
        if any(member.extension == number for member in queue.members)
    ]


@button("employee.keep")
async def keep(request: Request) -> Reply:
    facts = {"number": request.data["number"], "name": request.data["name"]}
    return await confirm.cancelled(request, Message("employee_unchanged", facts))


@button("employee.delete_now", resume=OnRestart.VERIFY_FIRST)
async def delete_now(request: Request) -> Reply:
    if request.kept is None:
        return confirm.EXPIRED
    employee = restored(request.kept["employee"])
    person = {"number": employee.number, "name": employee.name}
    if not (request.resumed and await _is_deleted(request, employee)):
        current = (await request.station.pbx.employees.get(employee.id)).value
        if (current.number, current.name) != (employee.number, employee.name):
            # Changed since the preview: confirmed again.
            return await _ask(request, employee.id)
        employee = current
        if (failure := await _delete(request, employee)) is not None:
            return failure
    undo_button = await undo_deletion(request, employee)
    facts = person | {"station": request.station.name}
    message = Message("employee_deleted", facts, ((undo_button,),))
    return Reply(message, outcome=f"deleted {employee.number}", change=Change(before=fields.current_values(employee)))


async def _delete(request: Request, employee: Employee) -> Reply | None:
    """Delete; return None, or the failure."""
    person = {"number": employee.number, "name": employee.name}
    written = await verify_write.write(
        request,
        lambda: request.station.pbx.employees.delete(employee.id),
        lambda: _is_deleted(request, employee),
        Message("employee_change_uncertain", person),
    )
    if not written.late or written.found:
        return None
    template = "employee_not_deleted" if written.was_read else "employee_change_unknown"
    return Reply(Message(template, person), outcome=verify_write.failure("not deleted", was_read=written.was_read))


async def _is_deleted(request: Request, employee: Employee) -> bool | None:
    try:
        await request.station.pbx.employees.get(employee.id)
    except NotFound:
        return True
    return None

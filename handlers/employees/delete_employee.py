"""/delete_employee: what depends on somebody first, then the question, then the way back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Employee, NotFound, PbxError, Uncertain
from bot.store.access.audit import Change
from handlers.dialog import pbx_errors
from handlers.dialog.verify_write import read_back
from handlers.dispatch.declare import CONFIRM_WITHIN, Reply, Request, WrongArguments, button, command
from handlers.dispatch.rules import Resume
from handlers.dispatch.topics import Topic
from handlers.employees import employees, fields
from handlers.employees import undo as employee_undo


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
    found = await employees.meant(request, written)
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
    kept = {"employee": employee_undo.snapshot(employee)}
    data = person | {"kept": await request.desk.drawer.put(kept, CONFIRM_WITHIN + timedelta(minutes=1))}
    facts = person | {"station": request.station.name, "routes": routes, "queues": queues}
    question: Rows = (
        (Button(mark("🗑 Delete"), "employee.delete_now", data), Button(mark("Cancel"), "employee.keep", data)),
    )
    return Reply(Message("employee_delete", facts, question), confirm=True, outcome=f"asked for {employee.number}")


async def _part(question: Callable[[], Awaitable[list[str]]]) -> dict[str, Any]:
    """One kind of dependence; a key without the right for it does not hide the others."""
    try:
        return {"names": await question(), "problem": None}
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
    await request.desk.drawer.take(str(request.data["kept"]))
    facts = {"number": request.data["number"], "name": request.data["name"]}
    return Reply(Message("employee_unchanged", facts), outcome="cancelled")


@button("employee.delete_now", resume=Resume.LOOKS)
async def delete_now(request: Request) -> Reply:
    if request.kept is None:
        return Reply(Message("expired"), outcome="expired")
    employee = employee_undo.restored(request.kept["employee"])
    person = {"number": employee.number, "name": employee.name}
    if not (request.resumed and await _gone(request, employee)):
        now = (await request.station.pbx.employees.get(employee.id)).value
        if (now.number, now.name) != (employee.number, employee.name):
            # Somebody was faster; what was agreed to is not what would happen now.
            return await _ask(request, employee.id)
        employee = now
        if (failure := await _delete(request, employee)) is not None:
            return failure
    undo = await employee_undo.undo_deletion(request, employee)
    facts = person | {"station": request.station.name}
    message = Message("employee_deleted", facts, ((undo,),))
    return Reply(message, outcome=f"deleted {employee.number}", change=Change(before=fields.known(employee)))


async def _delete(request: Request, employee: Employee) -> Reply | None:
    """None when it is done."""
    person = {"number": employee.number, "name": employee.name}
    try:
        await request.station.pbx.employees.delete(employee.id)
    except Uncertain:
        await request.talk.progress(Message("employee_change_uncertain", person))
        gone, seen = await read_back(request, lambda: _gone(request, employee))
        if not gone:
            outcome = "not deleted" if seen else "unknown: the PBX does not answer"
            template = "employee_not_deleted" if seen else "employee_change_unknown"
            return Reply(Message(template, person), outcome=outcome)
    return None


async def _gone(request: Request, employee: Employee) -> bool | None:
    try:
        await request.station.pbx.employees.get(employee.id)
    except NotFound:
        return True
    return None

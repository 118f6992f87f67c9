"""Undo of a change of an employee, for ten minutes after it. The old values are a temporary payload: they contain
passwords."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Employee, EmployeeDraft, Invalid, NotFound, PbxError, Uncertain
from bot.store.access.audit import Change
from handlers.dialog import pbx_errors
from handlers.dialog.verify_write import read_back
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.employees import card
from handlers.employees import fields as employee_fields
from handlers.parsing import fields

FOR = timedelta(minutes=10)


async def undo_creation(request: Request, employee: Employee) -> Button:
    return await _button(request, "created", employee)


async def undo_change(request: Request, before: Employee, after: Employee) -> Button:
    """`after` as the PBX has it now: a change made meanwhile is not overwritten."""
    changed = [one["key"] for one in employee_fields.changes(before, employee_fields.known(after))]
    return await _button(request, "changed", before, after=snapshot(after), changed=changed)


async def undo_deletion(request: Request, employee: Employee) -> Button:
    return await _button(request, "deleted", employee)


async def _button(request: Request, what: str, employee: Employee, **more: Any) -> Button:
    # A password that the PBX accepted long ago may be too weak for it today.
    payload = {"what": what, "employee": snapshot(employee), "spare": employee_fields.new_sip_password()}
    return await _keep(request, payload | more)


async def _keep(request: Request, payload: Mapping[str, Any]) -> Button:
    kept = await request.services.temporary_payloads.put(dict(payload), FOR)
    return Button(mark("↩ Undo"), "employee.undo", {"kept": kept, "number": payload["employee"]["number"]})


@button("employee.undo", resume=OnRestart.VERIFY_FIRST)
async def undo(request: Request) -> Reply:
    kept = request.kept
    if kept is None:
        return Reply(toast=mark("Too late: this was undone already, or more than 10 minutes ago."), outcome="too late")
    try:
        return await UNDO[kept["what"]](request, restored(kept["employee"]), kept)
    except PbxError as error:
        # A refused write can be retried; one that was not answered may still be carried out.
        again: Rows = () if isinstance(error, Uncertain) else ((await _keep(request, kept),),)
        facts = {"number": kept["employee"]["number"], "name": kept["employee"]["name"]}
        message = Message("employee_not_undone", facts | {"problem": pbx_errors.describe(error)}, again)
        return Reply(message, outcome=f"not undone: {type(error).__name__}")


async def _undo_creation(request: Request, created: Employee, _kept: Mapping[str, Any]) -> Reply:
    done = _done(created, "created", Change(before=employee_fields.known(created)))
    try:
        now = (await request.station.pbx.employees.get(created.id)).value
    except NotFound:
        if request.resumed:
            return done
        raise
    if snapshot(now) != snapshot(created):
        return _changed_meanwhile(now)
    await request.station.pbx.employees.delete(created.id)
    return done


async def _undo_change(request: Request, before: Employee, kept: Mapping[str, Any]) -> Reply:
    now = (await request.station.pbx.employees.get(before.id)).value
    after = restored(kept["after"])
    changed = set(kept["changed"])
    back = {key: getattr(before, key) for key in changed}
    differences = employee_fields.changes(after, back)
    done = _done(before, "changed", fields.as_change(differences, new_password=before.secret != after.secret))
    if request.resumed and now.secret == before.secret and not employee_fields.changes(now, back):
        return done
    touched = {one["key"] for one in employee_fields.changes(after, employee_fields.known(now))} & changed
    if touched or now.secret != after.secret:
        return _changed_meanwhile(now)
    if before.secret != after.secret:
        back["secret"] = before.secret
    await request.station.pbx.employees.update(before.id, EmployeeDraft(**back))
    return done


async def _undo_deletion(request: Request, deleted: Employee, kept: Mapping[str, Any]) -> Reply:
    employees = request.station.pbx.employees
    draft = draft_of(deleted)
    renewed = draft.model_copy(update={"secret": SecretStr(kept["spare"])})

    async def look() -> Employee | None:
        found = await employees.find(deleted.number)
        return (await employees.get(found.id)).value if found else None

    there = (await read_back(request, look))[0] if request.resumed else await look()
    if there is not None and not (request.resumed and there.secret in (draft.secret, renewed.secret)):
        facts: dict[str, Any] = {"number": deleted.number, "name": there.name}
        return Reply(Message("employee_taken", facts), outcome="number taken meanwhile")
    if there is None:
        try:
            there = await employees.create(draft)
        except Invalid:
            there = await employees.create(renewed)
    is_renewed = there.secret == renewed.secret
    if is_renewed:
        await request.chat.send_secret(card.secret_message(request, there, new=True))
    return _done(there, "deleted", Change(after=employee_fields.known(there)), new_password=is_renewed)


UNDO: dict[str, Callable[[Request, Employee, Mapping[str, Any]], Awaitable[Reply]]] = {
    "created": _undo_creation,
    "changed": _undo_change,
    "deleted": _undo_deletion,
}


def draft_of(employee: Employee) -> EmployeeDraft:
    """Return all values of the employee, the password too; empty ones are left to the PBX."""
    settings = {key: value for key, value in employee_fields.known(employee).items() if value != ""}
    return EmployeeDraft(**settings, secret=employee.secret)


def _done(employee: Employee, what: str, change: Change, *, new_password: bool = False) -> Reply:
    facts = {"number": employee.number, "name": employee.name, "what": what, "new_password": new_password}
    return Reply(Message("employee_undone", facts), outcome=f"undone: {employee.number} {what}", change=change)


def _changed_meanwhile(employee: Employee) -> Reply:
    facts = {"number": employee.number, "name": employee.name}
    return Reply(Message("employee_changed_meanwhile", facts), outcome="changed meanwhile")


def snapshot(employee: Employee) -> dict[str, Any]:
    return employee.model_dump(exclude={"secret"}) | {"secret": employee.secret.get_secret_value()}


def restored(snapshot: dict[str, Any]) -> Employee:
    return Employee(**snapshot)

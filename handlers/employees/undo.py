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

LIFETIME = timedelta(minutes=10)


async def undo_creation(request: Request, employee: Employee) -> Button:
    return await _button(request, "created", employee)


async def undo_change(request: Request, before: Employee, after: Employee) -> Button:
    """`after` as the PBX has it now: a change made meanwhile is not overwritten."""
    changed = [one["key"] for one in employee_fields.changes(before, employee_fields.current_values(after))]
    return await _button(request, "changed", before, after=snapshot(after), changed=changed)


async def undo_deletion(request: Request, employee: Employee) -> Button:
    return await _button(request, "deleted", employee)


async def _button(request: Request, what: str, employee: Employee, **more: Any) -> Button:
    # A password that the PBX accepted long ago may be too weak for it today.
    payload = {"what": what, "employee": snapshot(employee), "spare": employee_fields.new_sip_password()}
    return await _store_undo(request, payload | more)


async def _store_undo(request: Request, payload: Mapping[str, Any]) -> Button:
    kept = await request.services.temporary_payloads.put(dict(payload), LIFETIME)
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
        again: Rows = () if isinstance(error, Uncertain) else ((await _store_undo(request, kept),),)
        facts = {"number": kept["employee"]["number"], "name": kept["employee"]["name"]}
        message = Message("employee_not_undone", facts | {"problem": pbx_errors.describe(error)}, again)
        return Reply(message, outcome=f"not undone: {type(error).__name__}")


async def _undo_creation(request: Request, created: Employee, _kept: Mapping[str, Any]) -> Reply:
    done = _done(created, "created", Change(before=employee_fields.current_values(created)))
    try:
        current = (await request.station.pbx.employees.get(created.id)).value
    except NotFound:
        if request.resumed:
            return done
        raise
    if snapshot(current) != snapshot(created):
        return _changed_meanwhile(current)
    await request.station.pbx.employees.delete(created.id)
    return done


async def _undo_change(request: Request, before: Employee, kept: Mapping[str, Any]) -> Reply:
    current = (await request.station.pbx.employees.get(before.id)).value
    after = restored(kept["after"])
    changed = set(kept["changed"])
    old_values = {key: getattr(before, key) for key in changed}
    differences = employee_fields.changes(after, old_values)
    done = _done(before, "changed", fields.as_change(differences, new_password=before.secret != after.secret))
    if request.resumed and current.secret == before.secret and not employee_fields.changes(current, old_values):
        return done
    touched = {one["key"] for one in employee_fields.changes(after, employee_fields.current_values(current))} & changed
    if touched or current.secret != after.secret:
        return _changed_meanwhile(current)
    if before.secret != after.secret:
        old_values["secret"] = before.secret
    await request.station.pbx.employees.update(before.id, EmployeeDraft(**old_values))
    return done


async def _undo_deletion(request: Request, deleted: Employee, kept: Mapping[str, Any]) -> Reply:
    employees = request.station.pbx.employees
    draft = draft_of(deleted)
    renewed = draft.model_copy(update={"secret": SecretStr(kept["spare"])})

    async def poll() -> Employee | None:
        found = await employees.find(deleted.number)
        return (await employees.get(found.id)).value if found else None

    existing = (await read_back(request, poll))[0] if request.resumed else await poll()
    if existing is not None and not (request.resumed and existing.secret in (draft.secret, renewed.secret)):
        facts: dict[str, Any] = {"number": deleted.number, "name": existing.name}
        return Reply(Message("employee_taken", facts), outcome="number taken meanwhile")
    if existing is None:
        try:
            existing = await employees.create(draft)
        except Invalid:
            existing = await employees.create(renewed)
    is_renewed = existing.secret == renewed.secret
    if is_renewed:
        await request.chat.send_secret(card.secret_message(request, existing, new=True))
    return _done(existing, "deleted", Change(after=employee_fields.current_values(existing)), new_password=is_renewed)


UNDO: dict[str, Callable[[Request, Employee, Mapping[str, Any]], Awaitable[Reply]]] = {
    "created": _undo_creation,
    "changed": _undo_change,
    "deleted": _undo_deletion,
}


def draft_of(employee: Employee) -> EmployeeDraft:
    """Return all values of the employee, the password too; empty ones are left to the PBX."""
    settings = {key: value for key, value in employee_fields.current_values(employee).items() if value != ""}
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

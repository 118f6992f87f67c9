"""Taking a change of an employee back, for ten minutes after it. What is needed for that lies in the drawer: it holds
passwords."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import Employee, EmployeeDraft, Invalid, PbxError, Uncertain
from bot.store.audit import Change
from handlers import employee_card, employee_fields, fields, problems
from handlers.command import Reply, Request, button
from handlers.sip_password import new_sip_password

FOR = timedelta(minutes=10)


async def undo_creation(request: Request, employee: Employee) -> Button:
    return await _button(request, "created", employee)


async def undo_change(request: Request, before: Employee, after: Employee) -> Button:
    """`after` as the PBX has it now: what somebody else changes meanwhile is not overwritten."""
    changed = [one["key"] for one in employee_fields.changes(before, employee_fields.known(after))]
    return await _button(request, "changed", before, after=_snapshot(after), changed=changed)


async def undo_deletion(request: Request, employee: Employee) -> Button:
    return await _button(request, "deleted", employee)


async def _button(request: Request, what: str, employee: Employee, **more: Any) -> Button:
    return await _keep(request, {"what": what, "employee": _snapshot(employee)} | more)


async def _keep(request: Request, payload: dict[str, Any]) -> Button:
    kept = await request.desk.drawer.put(payload, FOR)
    return Button(mark("↩ Undo"), "employee.undo", {"kept": kept, "number": payload["employee"]["number"]})


@button("employee.undo")
async def undo(request: Request) -> Reply:
    kept = await request.desk.drawer.take(str(request.data["kept"]))
    if kept is None:
        return Reply(toast=mark("Too late: this was undone already, or more than 10 minutes ago."), outcome="too late")
    try:
        return await UNDO[kept["what"]](request, _employee(kept["employee"]), kept)
    except PbxError as error:
        # What the PBX refused can be tried again; what it did not answer it may still do.
        again: Rows = () if isinstance(error, Uncertain) else ((await _keep(request, kept),),)
        facts = {"number": kept["employee"]["number"], "name": kept["employee"]["name"]}
        message = Message("employee_not_undone", facts | {"problem": problems.describe(error)}, again)
        return Reply(message, outcome=f"not undone: {type(error).__name__}")


async def _undo_creation(request: Request, created: Employee, _kept: dict[str, Any]) -> Reply:
    now = (await request.station.pbx.employees.get(created.id)).value
    if _snapshot(now) != _snapshot(created):
        return _changed_meanwhile(now)
    await request.station.pbx.employees.delete(created.id)
    return _done(created, "created", Change(before=employee_fields.known(created)))


async def _undo_change(request: Request, before: Employee, kept: dict[str, Any]) -> Reply:
    now = (await request.station.pbx.employees.get(before.id)).value
    after = _employee(kept["after"])
    changed = set(kept["changed"])
    touched = {one["key"] for one in employee_fields.changes(after, employee_fields.known(now))} & changed
    if touched or now.secret != after.secret:
        return _changed_meanwhile(now)
    back = {key: getattr(before, key) for key in changed}
    if before.secret != after.secret:
        back["secret"] = before.secret
    await request.station.pbx.employees.update(before.id, EmployeeDraft(**back))
    differences = employee_fields.changes(after, {key: getattr(before, key) for key in changed})
    change = fields.as_change(differences, new_password=before.secret != after.secret)
    return _done(before, "changed", change)


async def _undo_deletion(request: Request, deleted: Employee, _kept: dict[str, Any]) -> Reply:
    if (taken := await request.station.pbx.employees.find(deleted.number)) is not None:
        facts: dict[str, Any] = {"number": deleted.number, "name": taken.name}
        return Reply(Message("employee_taken", facts), outcome="number taken meanwhile")
    draft = draft_of(deleted)
    try:
        await request.station.pbx.employees.create(draft)
    except Invalid:
        # The PBX measures every new password, and old ones may be weaker than it takes today.
        renewed = draft.model_copy(update={"secret": SecretStr(new_sip_password())})
        back = await request.station.pbx.employees.create(renewed)
        await request.talk.send_secret(employee_card.secret(request, back))
        return _done(back, "deleted", Change(after=employee_fields.known(back)), new_password=True)
    return _done(deleted, "deleted", Change(after=employee_fields.known(deleted)))


UNDO: dict[str, Callable[[Request, Employee, dict[str, Any]], Awaitable[Reply]]] = {
    "created": _undo_creation,
    "changed": _undo_change,
    "deleted": _undo_deletion,
}


def draft_of(employee: Employee) -> EmployeeDraft:
    """Everything the employee has, the password too; what is empty is left to the PBX."""
    settings = {key: value for key, value in employee_fields.known(employee).items() if value != ""}
    return EmployeeDraft(**settings, secret=employee.secret)


def _done(employee: Employee, what: str, change: Change, *, new_password: bool = False) -> Reply:
    facts = {"number": employee.number, "name": employee.name, "what": what, "new_password": new_password}
    return Reply(Message("employee_undone", facts), outcome=f"undone: {employee.number} {what}", change=change)


def _changed_meanwhile(employee: Employee) -> Reply:
    facts = {"number": employee.number, "name": employee.name}
    return Reply(Message("employee_changed_meanwhile", facts), outcome="changed meanwhile")


def _snapshot(employee: Employee) -> dict[str, Any]:
    return employee.model_dump(exclude={"secret"}) | {"secret": employee.secret.get_secret_value()}


def _employee(snapshot: dict[str, Any]) -> Employee:
    return Employee(**snapshot)

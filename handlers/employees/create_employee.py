"""Creation of an employee: the preview, its confirmation, the write, the password in private."""

from typing import Any

from pydantic import SecretStr

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Employee, EmployeeDraft, EmployeeRow, PbxError, Uncertain
from bot.store.access.audit import Change
from bot.text.phone_numbers import same_number
from handlers.dialog import confirm
from handlers.dialog.verify_write import failure, read_back
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.employees import fields as employee_fields
from handlers.employees.card import secret_message
from handlers.employees.undo import undo_creation
from handlers.parsing import fields


async def ask(request: Request, draft: EmployeeDraft) -> Reply:
    """Preview the employee, to be confirmed."""
    if not await request.chat.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    chosen = draft.number is None
    if chosen:
        draft = draft.model_copy(update={"number": await request.station.pbx.employees.next_free_number()})
    fields.refuse(employee_fields.contradictions(draft))
    if (conflict := await _conflict(request, draft)) is not None:
        return Reply(conflict, outcome="taken")
    own_password = draft.secret is not None
    # Before the first attempt: after a crash the password tells the employee that this request created from another.
    draft = draft.model_copy(update={"secret": draft.secret or SecretStr(employee_fields.new_sip_password())})
    facts = {
        "station": request.station.name,
        "number": draft.number,
        "name": draft.name,
        "settings": employee_fields.labelled(employee_fields.draft_values(draft)),
        "chosen": chosen,
        "own_password": own_password,
    }
    data = {"number": draft.number, "name": draft.name}
    return await confirm.preview_stored(
        request,
        _payload(draft),
        Message("employee_preview", facts),
        Button(mark("✅ Create"), "employee.create", data),
        Button(mark("Cancel"), "employee.cancel", data),
        closes_question=True,
        outcome=f"asked for {draft.number}",
    )


@button("employee.cancel")
async def cancel(request: Request) -> Reply:
    facts = {"number": request.data["number"], "name": request.data["name"]}
    return await confirm.cancelled(request, Message("employee_cancelled", facts))


@button("employee.create", resume=OnRestart.VERIFY_FIRST)
async def create(request: Request) -> Reply:
    if request.kept is None:
        return confirm.EXPIRED
    draft = EmployeeDraft(**request.kept)
    if request.resumed and (found := await _read_back(request, draft)) is not None:
        return found
    if not await request.chat.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    try:
        employee = await request.station.pbx.employees.create(draft)
    except Uncertain:
        return await _read_back(request, draft) or _not_created(draft, seen=True)
    return await _created(request, draft, employee)


async def _read_back(request: Request, draft: EmployeeDraft) -> Reply | None:
    """Read back until the PBX has created the employee; None when it no longer will."""
    employees = request.station.pbx.employees
    person = {"number": draft.number, "name": draft.name}
    await request.chat.progress(Message("employee_uncertain", person | {"resumed": request.resumed}))

    async def poll() -> Employee | None:
        found = await employees.find(draft.number or "")
        return (await employees.get(found.id)).value if found else None

    employee, seen = await read_back(request, poll)
    if employee is None:
        return None if seen else _not_created(draft, seen=False)
    if employee.secret != draft.secret:
        facts: dict[str, Any] = {"number": draft.number, "name": employee.name}
        return Reply(Message("employee_taken", facts), outcome="number taken meanwhile")
    return await _created(request, draft, employee, late=True)


def _not_created(draft: EmployeeDraft, *, seen: bool) -> Reply:
    outcome = failure("not created: nothing appeared", was_read=seen)
    facts = {"number": draft.number, "name": draft.name, "seen": seen}
    return Reply(Message("employee_not_created", facts), outcome=outcome)


async def _created(request: Request, draft: EmployeeDraft, employee: Employee, *, late: bool = False) -> Reply:
    delivered = await request.chat.send_secret(secret_message(request, employee, new=True))
    facts = {
        "number": employee.number,
        "name": employee.name,
        "settings": employee_fields.labelled(employee_fields.draft_values(draft)),
        # The PBX changes values that it cannot use, without an error.
        "differences": employee_fields.changes(employee, employee_fields.draft_values(draft)),
        "late": late,
        "delivered": delivered,
        "private": request.place.private,
        "station": request.station.name,
    }
    undo_button = await undo_creation(request, employee)
    details_button = Button(mark("👤 Card"), "employee.card", {"id": employee.id})
    password_button = Button(mark("🔑 Send the password"), "employee.secret", {"id": employee.id})
    buttons: Rows = (
        ((undo_button, details_button),) if delivered else ((password_button,), (undo_button, details_button))
    )
    message = Message("employee_created", facts, buttons)
    return Reply(
        message, outcome=f"created {employee.number}", change=Change(after=employee_fields.current_values(employee))
    )


async def _conflict(request: Request, draft: EmployeeDraft) -> Message | None:
    """Conflict that the PBX would refuse, found before the write: the number or the mobile is in use."""
    if (taken := await request.station.pbx.employees.find(draft.number or "")) is not None:
        return Message("employee_taken", {"number": draft.number, "name": taken.name})
    if (queue := await _queue_with(request, draft.number or "")) is not None:
        return Message("employee_taken", {"number": draft.number, "name": queue})
    if draft.mobile and (owner := await owner_of_mobile(request, draft.mobile)) is not None:
        return Message("mobile_taken", {"mobile": draft.mobile, "number": owner.number, "name": owner.name})
    return None


async def owner_of_mobile(request: Request, mobile: str) -> EmployeeRow | None:
    number = same_number(mobile)
    rows = (await request.station.pbx.employees.list(number)).value
    return next((row for row in rows if same_number(row.mobile) == number), None)


async def _queue_with(request: Request, number: str) -> str | None:
    """Name of the queue with this number. Without the right to read queues the PBX refuses the number itself."""
    try:
        queues = (await request.station.pbx.routing.queues()).value
    except PbxError:
        return None
    return next((queue.name for queue in queues if queue.extension == number), None)


def _payload(draft: EmployeeDraft) -> dict[str, Any]:
    secret = draft.secret.get_secret_value() if draft.secret else None
    return employee_fields.draft_values(draft) | ({"secret": secret} if secret else {})

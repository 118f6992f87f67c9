"""/edit_employee: a preview of the difference, the change, and the values that the PBX has afterwards."""

from typing import Any

from pydantic import SecretStr

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Employee, EmployeeDraft, PbxError
from handlers.dialog import confirm, verify_write
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.employees import card, create_employee, employees, mobile_choice
from handlers.employees import fields as employee_fields
from handlers.employees.undo import restored, snapshot, undo_change
from handlers.parsing import fields
from handlers.parsing.arguments import read_words
from handlers.safety import password_in_chat


@command(
    "edit_employee",
    topic=Topic.EMPLOYEES,
    summary=mark("Change an employee: the difference is shown first"),
    usage=mark("number field=value …"),
    examples=(
        mark('/edit_employee 243 name="John Brown" mobile=+79001234567'),
        "/edit_employee 243 forward=244 ring=20",
    ),
    fields=employee_fields.FIELDS.names,
)
async def edit_employee(request: Request) -> Reply:
    words = read_words(request.arguments, employee_fields.NAME_WORDS)
    hidden = await password_in_chat.delete_typed(request, words)
    if hidden is not None and not request.place.private:
        return password_in_chat.group_warning(deleted=hidden)
    if not words.free:
        raise WrongArguments(mark("Write whom to change, and what: the number, then field=value."))
    draft, problems = employee_fields.read_fields(words.fields, request.station.country)
    whom = " ".join(words.free)
    if not password_in_chat.is_unassigned(words):
        question = mobile_choice.offer(request, draft, problems, "employee.edit_with_mobile", {"whom": whom})
        if question is not None:
            return question
    password_in_chat.refuse(words, problems)
    return await _ask_about(request, whom, draft)


@button("employee.edit_with_mobile")
async def edit_with_mobile(request: Request) -> Reply:
    return await _ask_about(request, str(request.data["whom"]), EmployeeDraft(**request.data["draft"]))


async def _ask_about(request: Request, whom: str, draft: EmployeeDraft) -> Reply:
    found = await employees.select_one(request, whom)
    if isinstance(found, Message):
        return Reply(found, outcome="no such employee, or several")
    if draft == EmployeeDraft():
        return await show_how_to_edit(request, found.id)
    employee = (await request.station.pbx.employees.get(found.id)).value
    return await ask(request, employee, draft)


@button("employee.edit")
async def how_to_edit(request: Request) -> Reply:
    return await show_how_to_edit(request, str(request.data["id"]))


async def show_how_to_edit(request: Request, employee_id: str) -> Reply:
    employee = (await request.station.pbx.employees.get(employee_id)).value
    facts = {
        "number": employee.number,
        "name": employee.name,
        "fields": [{"key": f.key, "label": f.label} for f in employee_fields.FIELDS.table if f.key != "password"],
    }
    return Reply(Message("employee_edit_help", facts, _details_row(employee)))


@button("employee.new_password")
async def new_password(request: Request) -> Reply:
    """Set a password that no phone knows. The API cannot disable an employee; this comes closest."""
    if not await request.chat.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    employee = (await request.station.pbx.employees.get(str(request.data["id"]))).value
    return await ask(request, employee, EmployeeDraft(secret=SecretStr(employee_fields.new_sip_password())))


async def ask(request: Request, employee: Employee, draft: EmployeeDraft) -> Reply:
    """Preview the difference, to be confirmed."""
    fields.refuse(employee_fields.contradictions(draft, employee))
    differences = employee_fields.changes(employee, employee_fields.draft_values(draft))
    new_secret = draft.secret is not None and draft.secret != employee.secret
    person: dict[str, Any] = {"number": employee.number, "name": employee.name}
    if not differences and not new_secret:
        return Reply(Message("nothing_to_change", person), outcome="nothing to change")
    changed = {one["key"] for one in differences}
    if "number" in changed and (taken := await request.station.pbx.employees.find(draft.number or "")):
        return Reply(Message("employee_taken", {"number": draft.number, "name": taken.name}), outcome="taken")
    if draft.mobile and "mobile" in changed and (owner := await create_employee.owner_of_mobile(request, draft.mobile)):
        facts = {"mobile": draft.mobile, "number": owner.number, "name": owner.name}
        return Reply(Message("mobile_taken", facts), outcome="taken")
    requested = {one["key"]: one["new"] for one in differences}
    payload: dict[str, Any] = {"wanted": requested, "before": snapshot(employee)}
    if new_secret and draft.secret is not None:
        payload["secret"] = draft.secret.get_secret_value()
    data = person | {"id": employee.id}
    facts = person | {"station": request.station.name, "differences": differences, "new_password": new_secret}
    return await confirm.preview_stored(
        request,
        payload,
        Message("employee_difference", facts),
        Button(mark("✅ Apply"), "employee.apply", data),
        Button(mark("Cancel"), "employee.leave", data),
        outcome=f"asked for {employee.number}",
    )


@button("employee.leave")
async def cancel(request: Request) -> Reply:
    facts = {"number": request.data["number"], "name": request.data["name"]}
    return await confirm.cancelled(request, Message("employee_unchanged", facts))


@button("employee.apply", resume=OnRestart.VERIFY_FIRST)
async def apply(request: Request) -> Reply:
    kept = request.kept
    if kept is None:
        return confirm.EXPIRED
    client = request.station.pbx.employees
    employee_id = str(request.data["id"])
    current = (await client.get(employee_id)).value
    previewed = restored(kept["before"])
    secret = SecretStr(kept["secret"]) if "secret" in kept else None
    draft = EmployeeDraft(**kept["wanted"], secret=secret)
    if request.resumed and not _pending_changes(current, draft) and secret in (None, current.secret):
        return await _changed(request, previewed, current, draft, late=False)
    if any(
        employee_fields.current_values(current)[key] != employee_fields.current_values(previewed)[key]
        for key in kept["wanted"]
    ):
        # Changed since the preview: confirmed again.
        return await ask(request, current, draft)
    before = current
    facts = {"number": before.number, "name": before.name}

    async def poll() -> Employee | None:
        current = (await client.get(employee_id)).value
        return None if _pending_changes(current, draft) else current

    uncertain = Message("employee_change_uncertain", facts)
    written = await verify_write.write(request, lambda: client.update(employee_id, draft), poll, uncertain)
    if not written.was_read:
        return Reply(Message("employee_change_unknown", facts), outcome=verify_write.UNKNOWN)
    try:
        after = (await client.get(employee_id)).value
    except PbxError:
        if written.answer is None:
            return Reply(Message("employee_change_unknown", facts))
        after = written.answer
    return await _changed(request, before, after, draft, late=written.late)


async def _changed(request: Request, before: Employee, after: Employee, draft: EmployeeDraft, *, late: bool) -> Reply:
    """Report the values that the PBX has now, not those that were requested."""
    changes = employee_fields.changes(before, employee_fields.current_values(after))
    delivered = None
    if draft.secret is not None and after.secret == draft.secret:
        delivered = await request.chat.send_secret(card.secret_message(request, after, new=True))
    facts = {
        "station": request.station.name,
        "number": after.number,
        "name": after.name,
        "done": changes,
        "left": _pending_changes(after, draft),
        "new_password": after.secret != before.secret,
        "delivered": delivered,
        "late": late,
    }
    undo_button = await undo_change(request, before, after)
    buttons: Rows = ((undo_button, *_details_row(after)[0]),)
    change = fields.as_change(changes, new_password=after.secret != before.secret)
    return Reply(Message("employee_edited", facts, buttons), outcome=f"changed {after.number}", change=change)


def _pending_changes(employee: Employee, draft: EmployeeDraft) -> list[dict[str, Any]]:
    return employee_fields.changes(employee, employee_fields.draft_values(draft))


def _details_row(employee: Employee) -> Rows:
    return ((Button(mark("👤 Card"), "employee.card", {"id": employee.id}),),)

"""/add_employee: from one line in the chat to a working SIP account, with the password for the asker's eyes only."""

import secrets
import string
from typing import Any

from pydantic import SecretStr

from bot.access import Permission
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import Employee, EmployeeDraft, PbxError, Uncertain
from handlers import employee_fields
from handlers.command import Reply, Request, Secret, button, command
from handlers.new_employee import read_employee

# The PBX drops a queued write 35 s after it was asked for; later than that it surely will not be carried out.
READ_BACK_FOR = 45.0
READ_BACK_EVERY = 3.0
# No characters that look alike in a phone's menu. Sixteen of three kinds already satisfy the PBX's strength rule.
ALPHABET = "".join(c for c in string.ascii_letters + string.digits if c not in "Il1O0o")
SECRET_LENGTH = 20


@command(
    "add_employee",
    permission=Permission.EMPLOYEES,
    summary=mark("Create an employee; without a number the next free one is taken"),
    usage=mark("[number] name [e-mail] [mobile]"),
    examples=("/add_employee 243 John Smith", "/add_employee Anna Johnson anna@company.com +79001234567"),
)
async def add_employee(request: Request) -> Reply:
    asked = read_employee(request.arguments)
    if not await request.talk.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    pbx = request.station.pbx
    number = asked.number or await pbx.employees.next_free_number()
    if (taken := await pbx.employees.find(number)) is not None:
        facts: dict[str, Any] = {"number": number, "name": taken.name}
        return Reply(Message("employee_taken", facts), outcome="number taken")
    wanted = {"email": "", "mobile": ""} | employee_fields.said(asked) | {"number": number}
    question: Rows = (
        (Button(mark("✅ Create"), "employee.create", wanted), Button(mark("Cancel"), "employee.cancel", wanted)),
    )
    facts = {"station": request.station.name, "employee": wanted, "chosen": not asked.number}
    return Reply(Message("employee_preview", facts, question), confirm=True, outcome=f"asked for {number}")


@button("employee.cancel", permission=Permission.EMPLOYEES)
async def cancel(request: Request) -> Reply:
    return Reply(Message("employee_cancelled", {"employee": dict(request.data)}), outcome="cancelled")


@button("employee.create", permission=Permission.EMPLOYEES)
async def create(request: Request) -> Reply:
    if not await request.talk.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    new = EmployeeDraft(**{**request.data, "secret": SecretStr(_new_secret())})
    try:
        employee = await request.station.pbx.employees.create(new)
    except Uncertain:
        await request.talk.progress(Message("employee_uncertain", {"employee": dict(request.data)}))
        return await _read_back(request, new)
    return await _created(request, new, employee)


@button("employee.secret", permission=Permission.EMPLOYEES)
async def send_secret_again(request: Request) -> Reply:
    employee = (await request.station.pbx.employees.get(str(request.data["id"]))).value
    if not await request.talk.send_secret(_secret(request, employee)):
        return Reply(toast=mark("I cannot write to you in private: open the chat with me, press Start, try again."))
    return Reply(toast=mark("Sent to our private chat."), outcome=f"password of {employee.number} sent")


async def _read_back(request: Request, new: EmployeeDraft) -> Reply:
    """The PBX may still carry out what it did not answer: look until that is no longer possible."""
    waited, seen = 0.0, False
    while waited < READ_BACK_FOR:
        await request.station.pause(READ_BACK_EVERY)
        waited += READ_BACK_EVERY
        try:
            found = await request.station.pbx.employees.find(new.number or "")
            seen = True
            if found is not None:
                return await _created(
                    request, new, (await request.station.pbx.employees.get(found.id)).value, late=True
                )
        except PbxError:
            seen = False
    facts: dict[str, Any] = {"employee": dict(request.data), "seen": seen}
    outcome = "not created: nothing appeared" if seen else "unknown: the PBX does not answer"
    return Reply(Message("employee_not_created", facts), outcome=outcome)


async def _created(request: Request, new: EmployeeDraft, employee: Employee, *, late: bool = False) -> Reply:
    ours = employee.secret == new.secret
    if late and not ours:
        facts: dict[str, Any] = {"number": new.number, "name": employee.name}
        return Reply(Message("employee_taken", facts), outcome="number taken meanwhile")
    delivered = await request.talk.send_secret(_secret(request, employee))
    facts = {
        "number": employee.number,
        "asked_number": new.number,
        "name": employee.name,
        "email": employee.email,
        "mobile": employee.mobile,
        "late": late,
        "delivered": delivered,
        "private": request.place.private,
        "station": request.station.name,
    }
    again: Rows = (
        () if delivered else ((Button(mark("🔑 Send the password"), "employee.secret", {"id": employee.id}),),)
    )
    return Reply(Message("employee_created", facts, again), outcome=f"created {employee.number}")


def _secret(request: Request, employee: Employee) -> Secret:
    facts: dict[str, Any] = {
        "number": employee.number,
        "name": employee.name,
        "secret": employee.secret.get_secret_value(),
        "server": request.station.pbx.host,
        "station": request.station.name,
    }
    return Secret(Message("employee_secret", facts, protected=True))


def _new_secret() -> str:
    while True:
        secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
        if any(c.islower() for c in secret) and any(c.isupper() for c in secret) and any(c.isdigit() for c in secret):
            return secret

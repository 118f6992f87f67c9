"""Card of one employee: every setting, the phones, and the actions."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Button, CopyButton, Message, Rows, mark
from bot.pbx import Employee, ExtensionStatus, PbxError
from handlers.dialog import pbx_errors
from handlers.dialog.copy_buttons import copy_row, number_button
from handlers.dialog.paging import TO_LIST
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request, Secret
from handlers.employees import fields


@button("employee.card")
async def show(request: Request) -> Reply:
    return Reply(await details_view(request, str(request.data["id"]), request.data.get("back")))


async def details_view(request: Request, employee_id: str, back: Mapping[str, Any] | None = None) -> Message:
    answer = await request.station.pbx.employees.get(employee_id)
    employee = answer.value
    phones, problem = await _phones(request, employee.number)
    facts = {
        "station": request.station.name,
        "number": employee.number,
        "name": employee.name,
        "settings": [
            field for field in fields.labelled(fields.current_values(employee)) if field["value"] not in ("", None)
        ],
        "online": phones.online if phones else None,
        "problem": problem,
        "devices": [
            {"address": f"{d.ip}:{d.port}", "agent": d.user_agent, "rtt": round(d.rtt) if d.rtt else None}
            for d in (phones.devices if phones else ())
        ],
    }
    return Message("employee", facts, _buttons(request, employee, back))


async def _phones(request: Request, number: str) -> tuple[ExtensionStatus | None, Mapping[str, Any] | None]:
    try:
        async with asyncio.timeout(5):
            return (await request.station.pbx.extensions.status(number)).value, None
    except PbxError as error:
        return None, pbx_errors.describe(error)
    except TimeoutError:
        return None, {"kind": "timed_out"}


def _buttons(request: Request, employee: Employee, back: Mapping[str, Any] | None) -> Rows:
    data = {"id": employee.id, "number": employee.number}
    first = [Button(mark("↻ Refresh"), "employee.card", {"id": employee.id, "back": back and dict(back)})]
    if request.may(Permission.EMPLOYEES_SECRETS).allowed:
        first.append(Button(mark("🔑 Show password"), "employee.secret", data))
    copied = (number_button(number, request.station.country) for number in (employee.number, employee.mobile))
    rows: list[tuple[Button | CopyButton, ...]] = [tuple(first), *copy_row(*copied)]
    if request.may(Permission.EMPLOYEES_WRITE).allowed:
        edit = Button(mark("✏️ Edit"), "employee.edit", data)
        rows.append((edit, Button(mark("🔒 New password"), "employee.new_password", data)))
    if request.may(Permission.EMPLOYEES_DELETE).allowed:
        rows.append((Button(mark("🗑 Delete"), "employee.delete", data),))
    if back:
        rows.append((Button(TO_LIST, "employees.show", dict(back)),))
    return tuple(rows)


@button("employee.secret")
async def send_secret(request: Request) -> Reply:
    employee = (await request.station.pbx.employees.get(str(request.data["id"]))).value
    if not await request.chat.send_secret(secret_message(request, employee)):
        return Reply(
            toast=mark("I cannot write to you in private: open the chat with me, press Start, try again."),
            outcome=f"password of {employee.number} not delivered",
        )
    return Reply(toast=mark("Sent to our private chat."), outcome=f"password of {employee.number} sent")


def secret_message(request: Request, employee: Employee, *, new: bool = False) -> Secret:
    """`new`: Asterisk accepts the password some seconds after the change only."""
    facts: dict[str, Any] = {
        "number": employee.number,
        "name": employee.name,
        "secret": employee.secret.get_secret_value(),
        "new": new,
        "server": request.station.pbx.host,
        "station": request.station.name,
    }
    return Secret(Message("employee_secret", facts, protected=True))

"""/export_employees: the employees as a file, in the columns that an import reads."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import File, Message, mark
from bot.messages.sanitize import visible
from bot.pbx import Employee, EmployeeRow, Priority
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.employee_import import files
from handlers.employee_import.headers import header_of
from handlers.employees import fields
from handlers.employees.fields import exported_mobile
from handlers.parsing import spreadsheet

WORDS = {
    "full": "full",
    "all": "full",
    "полностью": "full",
    "passwords": "passwords",
    "пароли": "passwords",
    "csv": "csv",
    "xlsx": "xlsx",
}
BRIEF_COLUMNS = ("number", "name", "email", "mobile")
PASSWORDS_LIFETIME = timedelta(hours=1)
PROGRESS_EVERY = 25


@command(
    "export_employees",
    topic=Topic.EMPLOYEES,
    summary=mark("The employees as a file that /import_employees reads"),
    usage=mark("[full] [passwords] [csv]"),
    examples=("/export_employees", mark("/export_employees full csv"), mark("/export_employees passwords")),
)
async def export_employees(request: Request) -> Reply:
    written = request.arguments.split()
    if unknown := [word for word in written if word.lower() not in WORDS]:
        problem = mark("I do not understand “%(written)s”. Known: full, passwords, csv.")
        raise WrongArguments(problem, written=" ".join(unknown))
    words = {WORDS[word.lower()] for word in written}
    if "passwords" in words and not request.may(Permission.EMPLOYEES_SECRETS).allowed:
        return Reply(Message("no_right_now"), outcome="no right to passwords")
    if not await request.chat.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    rows = (await request.station.pbx.employees.list()).value
    country = request.station.country
    people = sorted(rows, key=lambda row: (len(row.number), row.number))
    if words & {"full", "passwords"}:
        return Reply(_progress(request, 0, len(people)), then=lambda: _in_full(request, people, words), outcome="begun")
    table = [header_of(BRIEF_COLUMNS, request.translate), *(brief(row, country) for row in people)]
    return await _send(request, table, words)


async def _in_full(request: Request, people: Sequence[EmployeeRow], words: set[str]) -> Reply:
    """Send one request for each employee, as bulk work within the station's budget."""
    keys = [key for key in files.COLUMNS if key != "password" or "passwords" in words]
    table: list[Sequence[Any]] = [header_of(keys, request.translate)]
    for done, row in enumerate(people):
        if request.stopping():
            return Reply(Message("export_given_up"), outcome="given up: the bot was being ended")
        if done and done % PROGRESS_EVERY == 0:
            await request.chat.progress(_progress(request, done, len(people)))
        employee = (await request.station.pbx.employees.get(row.id, priority=Priority.BULK)).value
        table.append([cell(employee, key, request.station.country, request.translate) for key in keys])
    return await _send(request, table, words)


async def _send(request: Request, table: Sequence[Sequence[Any]], words: set[str]) -> Reply:
    form = "csv" if "csv" in words else "xlsx"
    passwords = "passwords" in words
    facts = {"station": request.station.name, "total": len(table) - 1, "passwords": passwords}
    content = await spreadsheet.write(table, form, request.translate(files.NAME), request.actor.id)
    name = f"{request.translate(files.NAME)}-{request.station.local(request.now):%Y-%m-%d}.{form}"
    file = File(name, content, caption=Message("export_caption", facts))
    sent = await request.chat.send_privately(file, lifetime=PASSWORDS_LIFETIME if passwords else None)
    facts |= {"sent": sent, "private": request.place.private}
    return Reply(Message("export_done", facts), outcome=f"{len(table) - 1} employees exported")


def brief(row: EmployeeRow, country: str) -> list[str]:
    return [row.number, _one_line(row.name), row.email, exported_mobile(row.mobile, country)]


def cell(employee: Employee, key: str, country: str, translate: Callable[[str], str]) -> str:
    """Text that an import reads back as the same value. `country` is that of mobiles without a plus."""
    if key == "password":
        return employee.secret.get_secret_value()
    value = fields.current_values(employee)[key]
    if isinstance(value, bool):
        return translate(mark("yes") if value else mark("no"))
    if key == "ring":
        return str(value or "")
    if key == "mobile":
        return exported_mobile(value, country)
    return _one_line(value) if key in ("name", "dial") else str(value).strip()


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _progress(request: Request, done: int, of: int) -> Message:
    return Message("export_progress", {"station": request.station.name, "done": done, "of": of})

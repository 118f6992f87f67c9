"""/add_employee: from one line in the chat, or step by step."""

from bot.chat.message import mark
from handlers import create_employee, employee_fields, employee_steps, typed_password
from handlers.command import Reply, Request, command
from handlers.new_employee import read_employee
from handlers.words import read_words


@command(
    "add_employee",
    summary=mark("Create an employee; without a number the next free one is taken"),
    usage=mark("[number] name [e-mail] [mobile] [field=value …]"),
    examples=(
        "/add_employee 243 John Smith",
        '/add_employee 244 "Anna Johnson" email=anna@company.com mobile=+79001234567 ring=30 record=no',
    ),
    fields=employee_fields.FIELDS.names,
)
async def add_employee(request: Request) -> Reply:
    if not request.arguments:
        return await employee_steps.begin(request)
    words = read_words(request.arguments)
    hidden = await typed_password.deleted(request, words)
    if hidden is not None and not request.place.private:
        return typed_password.was_seen(hidden=hidden)
    if hidden is not None:
        typed_password.refuse(words, [])
    return await create_employee.ask(request, read_employee(request.arguments, request.station.country))

"""/add_employee: from one line in the chat, or step by step."""

from bot.messages.message import mark
from handlers.dispatch.declare import Reply, Request, command
from handlers.dispatch.topics import Topic
from handlers.employees import create_employee, fields, wizard
from handlers.employees.draft import read_employee
from handlers.parsing.arguments import read_words
from handlers.safety import password_in_chat


@command(
    "add_employee",
    topic=Topic.EMPLOYEES,
    summary=mark("Create an employee; without a number the next free one is taken"),
    usage=mark("[number] name [e-mail] [mobile] [field=value …]"),
    examples=(
        "/add_employee 243 John Smith",
        '/add_employee 244 "Anna Johnson" email=anna@company.com mobile=+79001234567 ring=30 record=no',
    ),
    fields=fields.FIELDS.names,
)
async def add_employee(request: Request) -> Reply:
    if not request.arguments:
        return await wizard.begin(request)
    words = read_words(request.arguments)
    hidden = await password_in_chat.deleted(request, words)
    if hidden is not None and not request.place.private:
        return password_in_chat.was_seen(hidden=hidden)
    if hidden is not None:
        password_in_chat.refuse(words, [])
    return await create_employee.ask(request, read_employee(request.arguments, request.station.country))

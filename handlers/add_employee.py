"""/add_employee: from one line in the chat, or step by step."""

from bot.access import Permission
from bot.chat.message import Message, mark
from handlers import create_employee, employee_steps
from handlers.command import Reply, Request, command
from handlers.new_employee import read_employee


@command(
    "add_employee",
    permission=Permission.EMPLOYEES,
    summary=mark("Create an employee; without a number the next free one is taken"),
    usage=mark("[number] name [e-mail] [mobile] [field=value …]"),
    examples=(
        "/add_employee 243 John Smith",
        '/add_employee 244 "Anna Johnson" email=anna@company.com mobile=+79001234567 ring=30 record=no',
    ),
)
async def add_employee(request: Request) -> Reply:
    if not request.arguments:
        return await employee_steps.begin(request)
    draft = read_employee(request.arguments)
    if draft.secret is not None:
        deleted = await request.talk.delete_asked()
        if not request.place.private:
            return Reply(Message("password_in_group", {"deleted": deleted}), outcome="a password was typed in a group")
    return await create_employee.ask(request, draft)

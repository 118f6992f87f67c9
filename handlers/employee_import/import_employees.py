"""/import_employees: read a table, show a dry run, and begin the import once it is confirmed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.messages.message import Button, File, Message, Rows, mark
from bot.pbx import PbxError
from bot.spreadsheet.reader import MAX_BYTES
from handlers.dialog import confirm
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.employee_import import files, report, run
from handlers.employee_import.files import EmployeeTable, FileLine
from handlers.employee_import.plan import ImportPlan, RowResult, as_rows, plan_import
from handlers.parsing import spreadsheet
from handlers.parsing.spreadsheet import WrongFile
from handlers.parsing.station_names import OwnWords

CONFIRM_WITHIN = timedelta(minutes=15)
TABLE_QUESTION = Question("import.table", lifetime=timedelta(hours=1))
MAX_PROBLEMS = 12
MAX_PEOPLE = 20


@command(
    "import_employees",
    topic=Topic.EMPLOYEES,
    summary=mark("Create many employees from a CSV or Excel file, or from pasted lines"),
    usage=mark("[a file, or lines below]"),
    examples=("/import_employees",),
    own_words=OwnWords.ANYWHERE,
)
async def import_employees(request: Request) -> Reply:
    if not await request.chat.private_chat_is_open():
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    if request.document is not None or request.arguments:
        return await _dry_run(request)
    message = Message("import_how", {"station": request.station.name}, _templates())
    if request.place.private:
        return Reply(message, question=TABLE_QUESTION, outcome="waits for a table")
    await request.chat.ask_privately(message, TABLE_QUESTION)
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="waits for a table in private")


def _templates() -> Rows:
    return (
        (
            Button(mark("📄 Excel template"), "import.template", {"form": "xlsx"}),
            Button(mark("📄 CSV template"), "import.template", {"form": "csv"}),
        ),
        (Button(mark("Cancel"), "import.forget", {}),),
    )


@button("import.template")
async def template(request: Request) -> Reply:
    form = str(request.data["form"])
    name = request.translate(files.NAME)
    content = await spreadsheet.write(files.template(request.translate), form, name, request.actor.id)
    sent = await request.chat.send_privately(File(f"{name}.{form}", content))
    return Reply(toast=mark("Fill it in and send it to me here.") if sent else mark("Telegram did not take the file."))


@button("import.forget")
async def cancel_question(request: Request) -> Reply:
    return Reply(Message("step_cancelled"), closes_question=True, outcome="cancelled")


@answer("import.table")
async def take_table(request: Request) -> Reply:
    return await _dry_run(request)


async def _dry_run(request: Request) -> Reply:
    table = await _table(request)
    plan = await _plan(request, table.lines)
    token = await request.services.temporary_payloads.put({"rows": as_rows(plan)}, CONFIRM_WITHIN)
    message = Message("import_preview", _facts(request, table, plan), _preview_buttons(plan, token))
    if request.place.private:
        return Reply(message, closes_question=True, outcome=f"dry run of {len(plan.rows)} lines")
    await request.chat.send_privately(message)
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="dry run in private")


async def _table(request: Request) -> EmployeeTable:
    try:
        if request.document is None:
            return files.read_pasted(request.arguments)
        if request.document.size > MAX_BYTES:
            raise WrongFile(mark("The file is larger than 5 MB."))
        content = await request.chat.download(request.document)
        if content is None:
            raise WrongFile(mark("Telegram did not give me the file; send it again."))
        return await files.read_file(content, request.actor.id)
    except WrongFile as wrong:
        message = Message("import_refused", {"problem": wrong.problem}, _templates())
        raise WrongArguments(message=message, question=TABLE_QUESTION) from None


async def _plan(request: Request, lines: Sequence[FileLine]) -> ImportPlan:
    pbx = request.station.pbx
    existing = (await pbx.employees.list()).value
    try:
        other_numbers = {queue.extension: queue.name for queue in (await pbx.routing.queues()).value}
    except PbxError:
        # Without the right to read queues the PBX itself refuses their numbers.
        other_numbers = {}
    next_free = await pbx.employees.next_free_number()
    # Thousands of lines take a second, so it runs in a thread.
    return await asyncio.to_thread(plan_import, lines, existing, other_numbers, next_free, request.station.country)


def _facts(request: Request, table: EmployeeTable, plan: ImportPlan) -> dict[str, Any]:
    wrong = [row for row in plan.rows if row.problems]
    create = [row for row in plan.rows if row.result is RowResult.CREATE]
    return {
        "station": request.station.name,
        "lines": len(plan.rows),
        "create": len(create),
        "people": [
            {"number": row.draft.number, "name": row.draft.name, "mobile": row.draft.mobile or ""}
            for row in create[:MAX_PEOPLE]
        ],
        "others": max(0, len(create) - MAX_PEOPLE),
        "there": plan.count(RowResult.EXISTS),
        "conflicts": plan.count(RowResult.CONFLICT),
        "bad": plan.count(RowResult.BAD),
        "chosen": sum(row.chosen for row in create),
        "unknown": list(table.unknown),
        "above": list(table.above),
        "sheet": table.sheet,
        "other_sheets": list(table.other_sheets),
        "hidden": table.hidden,
        "wrong": [
            {
                "line": row.line,
                "problems": [{"label": p.label, "problem": p.problem, "value": p.value} for p in row.problems],
            }
            for row in wrong[:MAX_PROBLEMS]
        ],
        "more": max(0, len(wrong) - MAX_PROBLEMS),
        "takes": run.seconds_for(len(create)),
    }


def _preview_buttons(plan: ImportPlan, token: str) -> Rows:
    create = plan.count(RowResult.CREATE)
    rows: list[tuple[Button, ...]] = []
    if create:
        confirm_button = Button(mark("✅ Create"), "import.begin", {"kept": token, "create": create})
        rows.append((confirm_button, Button(mark("Cancel"), "import.cancel", {"kept": token})))
    if create < len(plan.rows):
        rows.append((Button(mark("📄 Lines left out"), "import.problems", {"kept": token}),))
    return tuple(rows)


@button("import.problems")
async def send_problems(request: Request) -> Reply:
    kept = await request.services.temporary_payloads.peek(str(request.data["kept"]))
    if kept is None:
        return confirm.EXPIRED
    sent = await request.chat.send_privately(await report.problems_file(request, kept["rows"]))
    return Reply(toast=mark("Sent to our private chat.") if sent else mark("Telegram did not take the file."))


@button("import.cancel")
async def cancel(request: Request) -> Reply:
    return await confirm.cancelled(request, Message("step_cancelled"))


@button("import.begin", resume=OnRestart.ATOMIC)
async def begin(request: Request) -> Reply:
    kept = request.kept
    if kept is None:
        return confirm.EXPIRED
    import_id = await request.services.imports.begin(request.station.name, request.actor.id, kept["rows"])
    return run.run_in_background(request, import_id, kept["rows"])

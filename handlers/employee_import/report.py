"""Result of every line of an import, as a file."""

from collections.abc import Hashable, Sequence
from datetime import timedelta
from typing import Any

from bot.messages.message import File, Message, mark
from handlers.dialog.pbx_messages import sentence
from handlers.dispatch.request import Request
from handlers.employee_import.headers import header_of
from handlers.parsing import spreadsheet
from handlers.parsing.fields import PASSWORD

# The file holds passwords.
LIFETIME = timedelta(hours=1)
STATES = {
    "created": mark("created"),
    "there": mark("skipped: already there"),
    "conflict": mark("skipped: conflict"),
    "bad": mark("skipped: cannot be used"),
    "failed": mark("failed"),
    "waiting": mark("not created"),
    "sending": mark("not known"),
}
RESULT_COLUMNS = (mark("line"), mark("result"), mark("reason"))
# Headers that an import reads.
FIELDS = ("number", "name", "email", "mobile")


async def report_file(request: Request, rows: Sequence[dict[str, Any]], owner: Hashable) -> File:
    """Return the file, with the passwords of the created employees only. Raises WrongArguments when it cannot be made
    now; it takes the turn of `owner` in the queue."""
    table = [[*_header(request), *header_of([PASSWORD], request.translate)], *(_line(request, row) for row in rows)]
    facts = {
        "station": request.station.name,
        "created": count(rows, "created"),
        "skipped": sum(count(rows, state) for state in ("there", "conflict", "bad")),
        "failed": count(rows, "failed"),
        "left": count(rows, "waiting") + count(rows, "sending"),
    }
    named = request.translate(mark("import"))
    content = await spreadsheet.write(table, "xlsx", named, owner)
    name = f"{named}-{request.station.local(request.now):%Y-%m-%d-%H%M}.xlsx"
    return File(name, content, caption=Message("import_report", facts))


async def problems_file(request: Request, rows: Sequence[dict[str, Any]]) -> File:
    """File of the lines that would not be created; no passwords."""
    left_out = [row for row in rows if row["state"] != "waiting"]
    table = [_header(request), *(_line(request, row)[:-1] for row in left_out)]
    name = request.translate(mark("left out"))
    return File(f"{name}.xlsx", await spreadsheet.write(table, "xlsx", name, request.actor.id))


def count(rows: Sequence[dict[str, Any]], state: str) -> int:
    return sum(row["state"] == state for row in rows)


def _header(request: Request) -> list[str]:
    return [*map(request.translate, RESULT_COLUMNS), *header_of(FIELDS, request.translate)]


def _line(request: Request, row: dict[str, Any]) -> list[str]:
    draft = row["draft"]
    reasons = [_reason(request, problem) for problem in row["problems"]] + [
        _error_text(request, text) for text in row.get("errors", ())
    ]
    return [
        str(row["line"]),
        request.translate(STATES[row["state"]]),
        "; ".join(reasons),
        *(str(draft.get(key, "")) for key in FIELDS),
        _password(request, row),
    ]


def _password(request: Request, row: dict[str, Any]) -> str:
    if row["state"] != "created":
        return ""
    return request.translate(mark("in the earlier report")) if row.get("told") else str(row["secret"])


def _error_text(request: Request, text: str) -> str:
    translatable = sentence(text)
    return request.translate(translatable.text) % translatable.filled


def _reason(request: Request, problem: dict[str, str]) -> str:
    text = f"{request.translate(problem['label'])}: {request.translate(problem['problem'])}"
    return f"{text} ({problem['value']})" if problem["value"] else text

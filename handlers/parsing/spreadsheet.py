"""Read and write spreadsheet files in a sandbox process, without blocking the event loop."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from bot.messages.message import mark
from bot.sandbox.process import run
from bot.sandbox.task import TaskFailed, TaskFailure, TaskRefused
from bot.spreadsheet.csv_reader import read_csv
from bot.spreadsheet.reader import READ
from bot.spreadsheet.table import Row, Table
from bot.spreadsheet.writer import WRITE, serialized
from handlers.dispatch.request import WrongArguments

FAILURE_TEXTS = {
    TaskFailure.TIME: mark(
        "The file took too long to read. Copy the table alone into a new file, save it as CSV and send me that."
    ),
    TaskFailure.MEMORY: mark(
        "There is too much in the file. Copy the table alone into a new file, save it as CSV and send me that."
    ),
    TaskFailure.RESULT: mark(
        "There is too much in the file. Copy the table alone into a new file, save it as CSV and send me that."
    ),
    TaskFailure.QUEUE_FULL: mark("Too many files are being read right now. Send it again in a minute."),
    TaskFailure.BROKEN: mark("The file cannot be read as a table."),
}
NOT_WRITTEN = mark("The file could not be made: too much is under way. Ask again in a minute.")


class WrongFile(ValueError):
    """`problem`: one marked sentence."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


async def read(content: bytes, owner: Hashable) -> Table:
    """Return the rows of a CSV or Excel file. `owner` is the key of the sandbox queue. Raises WrongFile."""
    try:
        rows, *about = await run(READ, content, owner=owner)
    except TaskRefused as refusal:
        raise WrongFile(refusal.reason) from None
    except TaskFailed as error:
        raise WrongFile(FAILURE_TEXTS[error.failure]) from None
    return Table([Row(*row) for row in rows], *about)


def read_text(text: str) -> Table:
    """Return the rows of a table pasted as text. Raises WrongFile."""
    try:
        return read_csv(text)
    except TaskRefused as refusal:
        raise WrongFile(refusal.reason) from None


async def write(rows: Iterable[Sequence[Any]], form: str, sheet_name: str, owner: Hashable) -> bytes:
    """Return a file; `form` is csv or xlsx. `sheet_name` applies to xlsx only. Raises WrongArguments if the sandbox
    task fails."""
    return await write_packed(serialized(rows), form, sheet_name, owner)


async def write_packed(content: bytes, form: str, sheet_name: str, owner: Hashable) -> bytes:
    """Return a file from the result of `serialized`. Raises WrongArguments if the sandbox task fails."""
    try:
        written: bytes = await run(WRITE, content, owner=owner, form=form, sheet_name=sheet_name)
    except TaskFailed:
        raise WrongArguments(NOT_WRITTEN) from None
    return written

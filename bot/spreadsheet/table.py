"""Table as read from a file: plain data, since it comes from the sandbox as JSON; and the limits of its size. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from bot.messages.message import mark
from bot.sandbox.task import TaskRefused
from bot.spreadsheet.cells import unescaped

MAX_ROWS = 5_000
# Empty ones included. Measured: one cell in Excel's last row is a file of 1.4 kB, and took 30 s to reach.
MAX_LINES = 100_000
MAX_COLUMNS = 60
# No field takes as much; the rest is cut off.
MAX_CELL = 1_000
NO_RESULT = mark("a formula, and its result is not in the file; paste it as a value")


class Row(NamedTuple):
    """`number` is the line as an editor counts. `doubts` are the columns, from 0, whose value the file does not tell,
    each with the reason as a marked text; the cell has what stands there instead."""

    number: int
    cells: Sequence[str]
    doubts: Sequence[tuple[int, str]] = ()


class Table(NamedTuple):
    """Filled rows. `sheet` is the title of the sheet that was read, `other_sheets` are the visible ones that were not,
    `hidden` is the number of rows that were not seen; only Excel has them."""

    rows: Sequence[Row]
    sheet: str = ""
    other_sheets: Sequence[str] = ()
    hidden: int = 0


def filled(found: Iterable[Row]) -> list[Row]:
    """Return the rows that have a value, at most one more than a header and MAX_ROWS, within the limits. Raises
    TaskRefused beyond MAX_LINES."""
    return list(islice(_filled(found), MAX_ROWS + 2))


def _filled(found: Iterable[Row]) -> Iterator[Row]:
    for number, cells, doubts in found:
        if number > MAX_LINES:
            raise TaskRefused(mark("More than 5,000 lines; please split the file."))
        kept = [unescaped(cell[:MAX_CELL]) for cell in cells[:MAX_COLUMNS]]
        while kept and not kept[-1].strip():
            kept.pop()
        if kept:
            yield Row(number, kept, doubts)

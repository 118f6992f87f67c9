"""Read text as a table, with any usual separator. Pure; not for the event loop."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from bot.messages.message import mark
from bot.sandbox.task import TaskRefused
from bot.spreadsheet.cells import SEPARATORS
from bot.spreadsheet.table import NO_RESULT, Row, Table, filled

# First line of Excel's, which tells the separator.
SEPARATOR_LINE = re.compile(r"\A\s{0,9}\"?sep=([^\r\n])\"?[ ;,\t]{0,99}(?:\r\n?|\n|\Z)", re.IGNORECASE)
# Excel's way to keep leading zeros.
QUOTED_TEXT = re.compile(r'\s*=\s*"([^"]*)"\s*')
# Quoted cell, whatever the separator is: what it contains does not tell the separator.
QUOTED_CELL = re.compile(rf'(?:(?<=[{SEPARATORS}|\r\n])|\A)"(?:[^"]|"")*+"(?=[{SEPARATORS}|\r\n]|\Z)')
# Enough to see what splits the lines.
JUDGED_ROWS = 50
JUDGED_CHARACTERS = 50_000


def read_csv(text: str) -> Table:
    """Return the filled rows. Raises TaskRefused."""
    text = text.replace("\x00", "")
    stated = SEPARATOR_LINE.match(text)
    try:
        if stated:
            return Table(filled(_rows(text[stated.end() :], stated[1], ahead=1)))
        return Table(filled(_rows(text, _separator(text))))
    except csv.Error:
        raise TaskRefused(mark("The file cannot be read as a table.")) from None


def _rows(text: str, separator: str, ahead: int = 0) -> Iterator[Row]:
    """Yield a row for each record; `ahead` lines stand before the text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line, last = ahead, ""
    for cells in reader:
        yield _row(line + 1, cells)
        line, last = ahead + reader.line_num, cells[-1] if cells else ""
    if "\n" in last and text.count('"') % 2:
        raise TaskRefused(mark("A quotation mark in the file is not closed, so that lines run into each other."))


def _row(number: int, cells: list[str]) -> Row:
    doubts = []
    for column, cell in enumerate(cells):
        if not cell.lstrip().startswith("="):
            continue
        if quoted := QUOTED_TEXT.fullmatch(cell):
            cells[column] = quoted[1]
        else:
            doubts.append((column, NO_RESULT))
    return Row(number, cells, doubts)


def _separator(text: str) -> str:
    """Return the one that splits most lines, outside quotes, and then into equally many columns."""
    start = QUOTED_CELL.sub("quoted", text[:JUDGED_CHARACTERS].lstrip())
    return max(f"{SEPARATORS}|", key=lambda separator: _splitting(start, separator))


def _splitting(text: str, separator: str) -> tuple[int, int, int]:
    try:
        rows = [*islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), JUDGED_ROWS)]
    except csv.Error:
        rows = []
    columns = Counter(len(cells) for cells in rows if len(cells) > 1)
    ((usual, equal),) = columns.most_common(1) or [(0, 0)]
    return columns.total(), equal, usual

"""Read the sheet of an Excel file that its user saw, with numbers as they are shown. Pure; not for the event loop."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from itertools import repeat
from typing import Any

from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from bot.messages.message import mark
from bot.sandbox.task import MEGABYTE, TaskRefused
from bot.spreadsheet.cells import text_of
from bot.spreadsheet.number_formats import shown
from bot.spreadsheet.table import MAX_COLUMNS, NO_RESULT, Row, Table, filled

MAX_UNPACKED = 10 * MEGABYTE
MAX_PARTS = 1_000
CHUNK = 1 << 16
# Excel's own limit; the dimensions in a file may be wrong.
ROWS_IN_EXCEL = 1 << 20
FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
ROW = re.compile(rb"<(?:\w+:)?row\s([^>]*)>")
ROW_NUMBER = re.compile(rb'\br="(\d+)"')
HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
A_DATE = mark("a date or a time; format the cell as text and write it again")
NOT_READABLE = mark("The Excel file cannot be read; save it again, or as CSV.")


def read_excel(content: bytes) -> Table:
    """Return the first visible sheet that has rows; the one that was open comes first. Hidden rows are left out. Raises
    TaskRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            has_formulas = _check_parts(packed)
            values = _open(content, data_only=True)
            formulas = _open(content, data_only=False) if has_formulas else None
            titles = _visible(values)
            for title in titles:
                if rows := filled(_rows(values, formulas, title)):
                    hidden = _hidden_rows(packed, values[title])
                    seen = [row for row in rows if row.number not in hidden]
                    others = [other for other in titles if other != title]
                    return Table(seen, title, others, len(rows) - len(seen))
    except (TaskRefused, MemoryError):
        raise
    except Exception:
        # The library raises arbitrary exceptions for a broken file.
        raise TaskRefused(NOT_READABLE) from None
    return Table(())


def _open(content: bytes, *, data_only: bool) -> Workbook:
    return load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)


def _visible(book: Workbook) -> list[str]:
    titles = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    opened = book.active.title if book.active is not None else ""
    return sorted(titles, key=lambda title: title != opened)


def _hidden_rows(archive: zipfile.ZipFile, sheet: Any) -> frozenset[int]:
    """Return the numbers of hidden rows, which openpyxl does not tell for a large file."""
    found = (row[1] for row in ROW.finditer(archive.read(sheet._worksheet_path)) if HIDDEN.search(row[1]))
    return frozenset(int(number[1]) for row in found if (number := ROW_NUMBER.search(row)))


def _rows(values: Workbook, formulas: Workbook | None, title: str) -> Iterator[Row]:
    stored = _cells(values, title)
    written = _cells(formulas, title) if formulas else repeat(())
    recalculates = bool(values.calculation and values.calculation.fullCalcOnLoad)
    for number, (cells, sources) in enumerate(zip(stored, written, strict=False), 1):
        if all(cell.value is None for cell in cells) and all(cell.value is None for cell in sources):
            yield Row(number, ())
        else:
            yield _row(number, cells, sources, recalculates)


def _cells(book: Workbook, title: str) -> Iterator[Sequence[Any]]:
    return book[title].iter_rows(max_row=ROWS_IN_EXCEL, max_col=MAX_COLUMNS)


def _row(number: int, cells: Sequence[Any], sources: Sequence[Any], recalculates: bool) -> Row:
    """Return the cells as text. `sources` have the formulas instead of their results."""
    texts, doubts = [*map(_text, cells)], []
    for column, cell in enumerate(cells):
        if isinstance(cell.value, date | time | timedelta):
            doubts.append((column, A_DATE))
        elif column < len(sources) and _has_no_result(cell, sources[column], recalculates):
            source = sources[column].value
            texts[column] = source if isinstance(source, str) else "="
            doubts.append((column, NO_RESULT))
    return Row(number, texts, doubts)


def _has_no_result(cell: Any, source: Any, recalculates: bool) -> bool:
    """Return True for a formula that no spreadsheet calculated. Some programs write 0 for its result then, and ask that
    it be calculated when the file is opened; an empty text is a result."""
    if source.data_type != "f" or cell.data_type == "str":
        return False
    return cell.value is None or (recalculates and cell.value == 0)


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return text_of(value)
    try:
        return shown(value, cell.number_format)
    except IndexError:
        # A style that the file does not define.
        return str(value)


def _check_parts(archive: zipfile.ZipFile) -> bool:
    """Return True if there are formulas. Counts the unpacked bytes, since declared sizes may be false. Raises
    TaskRefused."""
    remaining, has_formulas = MAX_UNPACKED, False
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise TaskRefused(NOT_READABLE)
    for part in parts:
        with archive.open(part) as opened:
            end = b""
            while piece := opened.read(CHUNK):
                remaining -= len(piece)
                if remaining < 0:
                    raise TaskRefused(
                        mark("The file unpacks to more than 10 MB. Save the table as CSV and send me that.")
                    )
                has_formulas = has_formulas or FORMULA.search(end + piece) is not None
                end = piece[-8:]
    return has_formulas

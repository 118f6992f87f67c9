"""Write tables as CSV or Excel. Pure; not for the event loop."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.sandbox.task import MEGABYTE, Task
from bot.spreadsheet.cells import escaped, for_excel

# Telegram's limit for a bot's upload.
WRITE = Task(__name__, "write", seconds=60, max_result=50 * MEGABYTE)

WIDE_COLUMNS = 16


def serialized(rows: Iterable[Sequence[Any]]) -> bytes:
    """Serialize rows for `write`: a line of JSON each. Parts may be concatenated."""
    return b"".join(json.dumps([*row], default=str).encode() + b"\n" for row in rows)


def write(content: bytes, form: str, sheet_name: str) -> bytes:
    """Write rows from `serialized`; `form` is csv or xlsx; `sheet_name` is for xlsx only."""
    rows: Iterator[list[Any]] = map(json.loads, io.BytesIO(content))
    return write_csv(rows) if form == "csv" else write_excel(rows, sheet_name)


def write_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Write CSV with the byte order mark and separator that Excel needs to open it directly."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in rows:
        writer.writerow([escaped(str(cell)) for cell in row])
    return text.getvalue().encode("utf-8-sig", "replace")


def write_excel(rows: Iterable[Sequence[Any]], sheet_name: str) -> bytes:
    """Write Excel.

    The first row is the header. Every cell is text, so that leading zeros stay and formulas are not run.
    """
    # Slow import; a CSV file does not need it.
    from xlsxwriter import Workbook

    output = io.BytesIO()
    # Without temporary files, since tables may hold passwords.
    workbook = Workbook(output, {"in_memory": True})
    sheet = workbook.add_worksheet(sheet_name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, WIDE_COLUMNS - 1, 22)
    text = workbook.add_format({"num_format": "@"})
    header = workbook.add_format({"num_format": "@", "bold": True})
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write_string(number, column, for_excel(value), text if number else header)
    workbook.close()
    return output.getvalue()

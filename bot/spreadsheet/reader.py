"""Read an uploaded CSV or Excel file, by content, not by name. Pure; not for the event loop."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from bot.messages.message import mark
from bot.sandbox.task import MEGABYTE, Task, TaskRefused
from bot.spreadsheet.cells import SEPARATORS, text_of, unescaped

MAX_BYTES = 5 * MEGABYTE
MAX_ROWS = 5_000
# Empty ones included. Measured: one cell in Excel's last row is a file of 1.4 kB, and took 30 s to reach.
MAX_LINES = 100_000
MAX_UNPACKED = 10 * MEGABYTE
MAX_PARTS = 1_000
MAX_COLUMNS = 60
# No field takes as much; the rest is cut off.
MAX_CELL = 1_000
CHUNK = 1 << 16
# Excel's own limit; the dimensions in a file may be wrong.
ROWS_IN_EXCEL = 1 << 20
# Signature of the old Office container, also used for encrypted new files.
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"

READ = Task(__name__, "read", seconds=20, max_result=3 * MEGABYTE, within=180.0)

# Line number as an editor counts, and the cells. Empty lines are left out.
Row = tuple[int, Sequence[str]]


def read(content: bytes) -> list[Row]:
    """Return the rows, at most one more than a header and MAX_ROWS. Raises TaskRefused, also beyond MAX_LINES."""
    if len(content) > MAX_BYTES:
        raise TaskRefused(mark("The file is larger than 5 MB."))
    if content.startswith(b"PK\x03\x04"):
        return _excel(content)
    if content.startswith(OLD_OR_LOCKED):
        raise TaskRefused(
            mark(
                "This Excel file has a password or is in the old .xls format. "
                "Save it as .xlsx without a password, or as CSV."
            )
        )
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8")):
        raise TaskRefused(mark("This is neither a CSV nor an XLSX file. Save the table as one of these."))
    return read_text(_decoded(content))


def read_text(text: str) -> list[Row]:
    """Parse CSV with any usual separator. Raises TaskRefused."""
    text = text.replace("\x00", "")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    try:
        return _rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise TaskRefused(mark("The file cannot be read as a table.")) from None


def _rows(found: Iterable[Sequence[str]]) -> list[Row]:
    return list(islice(_filled(found), MAX_ROWS + 2))


def _filled(found: Iterable[Sequence[str]]) -> Iterator[Row]:
    for number, cells in enumerate(found, 1):
        if number > MAX_LINES:
            raise TaskRefused(mark("More than 5,000 lines; please split the file."))
        row = [unescaped(cell[:MAX_CELL]) for cell in cells[:MAX_COLUMNS]]
        while row and not row[-1].strip():
            row.pop()
        if row:
            yield number, row


def _decoded(content: bytes) -> str:
    """Decode; Russian Excel writes CSV in CP1251, and "Unicode text" in UTF-16."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _excel(content: bytes) -> list[Row]:
    from openpyxl import load_workbook  # slow import, 0.5 s; a CSV file does not need it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _check_unpacked_size(packed)
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(max_row=ROWS_IN_EXCEL, max_col=MAX_COLUMNS, values_only=True)
        return _rows(() if row.count(None) == len(row) else [text_of(value) for value in row] for row in rows)
    except (TaskRefused, MemoryError):
        raise
    except Exception:
        # The library raises arbitrary exceptions for a broken file.
        raise TaskRefused(mark("The Excel file cannot be read; save it again, or as CSV.")) from None


def _check_unpacked_size(archive: zipfile.ZipFile) -> None:
    """Count the unpacked bytes, since declared sizes may be false. Raises TaskRefused."""
    remaining = MAX_UNPACKED
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise TaskRefused(mark("The Excel file cannot be read; save it again, or as CSV."))
    for part in parts:
        with archive.open(part) as opened:
            while piece := opened.read(CHUNK):
                remaining -= len(piece)
                if remaining < 0:
                    raise TaskRefused(
                        mark("The file unpacks to more than 10 MB. Save the table as CSV and send me that.")
                    )

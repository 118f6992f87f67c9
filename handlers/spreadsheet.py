"""Tables as files: CSV and Excel in, CSV and Excel out. Pure.

A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which Excel itself uses to
say "this is text", and which is taken off again when such a table is read.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from bot.chat.hygiene import INVISIBLE
from bot.chat.message import mark

Row = Sequence[str]

MOST_BYTES = 5_000_000
MOST_ROWS = 5_000
MOST_UNPACKED = 100_000_000
MOST_COLUMNS = 60
SEPARATORS = ";\t,"
# What begins a formula, also as Asian keyboards write it; and what a spreadsheet overlooks in front of it.
SIGNS = "=+@＝＋－＠﹦﹢﹣﹫−-"
OVERLOOKED = rf"(?:(?![\r\n{SEPARATORS}])[\s{INVISIBLE}'\"`‘’“”„«»＇＂])*"
# A spreadsheet that splits at another separator, or a line break that loses its quotes, makes a new cell of the rest.
BEGINNING = rf"(?:\A|(?<=[\r\n{SEPARATORS}]))"
TO_GUARD = re.compile(rf"{BEGINNING}(?={OVERLOOKED}[{SIGNS}])")
GUARD = re.compile(rf"{BEGINNING}'(?={OVERLOOKED}[{SIGNS}])")
# Excel's format has no place for these; the line ends of other systems become its own.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?")


class WrongFile(ValueError):
    """`problem` is one marked sentence."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read(content: bytes) -> list[list[str]]:
    """All rows of a CSV or an Excel file, whatever its name says. Raises WrongFile."""
    if len(content) > MOST_BYTES:
        raise WrongFile(mark("The file is larger than 5 MB."))
    if content.startswith(b"PK\x03\x04"):
        return _unguarded(_excel_rows(content))
    if content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8")):
        raise WrongFile(mark("This is neither a CSV nor an XLSX file. Save the table as one of these."))
    return read_text(_decoded(content))


def read_text(text: str) -> list[list[str]]:
    """CSV text with any of the usual separators. Raises WrongFile."""
    text = text.replace("\x00", "")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    try:
        return _unguarded(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise WrongFile(mark("The file cannot be read as a table.")) from None


def write(rows: Iterable[Sequence[Any]], form: str, sheet_name: str) -> bytes:
    """`form` is csv or xlsx; a CSV file has no sheet to be named."""
    return write_csv(rows) if form == "csv" else write_excel(rows, sheet_name)


def write_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """With the mark and the separator that let Excel open it with a double click."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in rows:
        writer.writerow([_guarded(str(cell)) for cell in row])
    return text.getvalue().encode("utf-8-sig", "replace")


def write_excel(rows: Iterable[Sequence[Any]], sheet_name: str) -> bytes:
    """The first row is the header. Every cell is text, so that numbers keep their zeros and formulas stay letters."""
    # Imported late, here and below: it takes a third of a second, and few starts of the bot need it.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name)
    sheet.freeze_panes = "A2"
    for column in "ABCDEFGHIJKLMNOP":
        sheet.column_dimensions[column].width = 22
    for place, row in enumerate(rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=_guarded(_storable(str(value))))
            cell.data_type = "s"
            cell.number_format = "@"
            if place == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def _guarded(text: str) -> str:
    return TO_GUARD.sub("'", text)


def _unguarded(rows: Iterable[Row]) -> list[list[str]]:
    return [[GUARD.sub("", cell) for cell in row] for row in rows]


def _storable(text: str) -> str:
    return UNSTORABLE.sub("", LINE_END.sub("\n", text))


def _decoded(content: bytes) -> str:
    """Russian Excel writes CSV in CP1251, and "Unicode text" in UTF-16."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _excel_rows(content: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise WrongFile(mark("The file is larger than 5 MB."))
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
        return [[_cell(value) for value in row] for row in rows]
    except WrongFile:
        raise
    except Exception:
        # The library lets everything out that a broken part of a file makes of it.
        raise WrongFile(mark("The Excel file cannot be read; save it again, or as CSV.")) from None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

"""Tables of employees: CSV, Excel and pasted lines in, CSV and Excel out. Pure.

A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which Excel itself uses to
say "this is text", and which is taken off again when such a table is read.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.message import mark
from handlers.employee_fields import FIELDS
from handlers.new_employee import as_written

COLUMNS = tuple(field.key for field in FIELDS.table)
# Without a header: the order in which people usually write.
USUAL = ("number", "name", "email", "mobile")
MOST_BYTES = 5_000_000
MOST_ROWS = 5_000
MOST_UNPACKED = 100_000_000
MOST_COLUMNS = 60
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEPARATORS = ";\t,"


class WrongFile(ValueError):
    """`problem` is one marked sentence."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Line:
    """`number` as an editor counts lines. `cells` by the key of the field; `unknown` are headers nobody knows."""

    number: int
    cells: Mapping[str, str]
    unknown: tuple[str, ...] = ()


def read_file(content: bytes) -> list[Line]:
    """A CSV or an Excel file, whatever its name says. Raises WrongFile."""
    if len(content) > MOST_BYTES:
        raise WrongFile(mark("The file is larger than 5 MB."))
    if content.startswith(b"PK\x03\x04"):
        return _lines(_excel_rows(content))
    if content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8")):
        raise WrongFile(mark("This is neither a CSV nor an XLSX file. Save the table as one of these."))
    return read_text(_decoded(content))


def read_text(text: str) -> list[Line]:
    """CSV text with any of the usual separators. Raises WrongFile."""
    text = text.replace("\x00", "")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise WrongFile(mark("The file cannot be read as a table.")) from None
    return _lines(rows)


def read_pasted(text: str) -> list[Line]:
    """Lines pasted into a message: a table, or `243 John Smith john@company.com` line by line. Raises WrongFile."""
    lines = text.strip().splitlines()
    if any(separator in line for line in lines for separator in SEPARATORS):
        return read_text(text.strip())
    if not lines:
        raise WrongFile(mark("There is nothing in it."))
    if len(lines) > MOST_ROWS:
        raise WrongFile(mark("More than 5,000 lines; please split the file."))
    return [Line(number, as_written(line)) for number, line in enumerate(lines, 1) if line.strip()]


def write_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """With the mark and the separator that let Excel open it with a double click."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in rows:
        writer.writerow([_guarded(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def write_excel(rows: Iterable[Sequence[Any]]) -> bytes:
    """The first row is the header. Every cell is text, so that numbers keep their zeros and formulas stay letters."""
    # Imported late, here and below: it takes a third of a second, and few starts of the bot need it.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("employees")
    sheet.freeze_panes = "A2"
    for column in "ABCDEFGHIJKLMNOP":
        sheet.column_dimensions[column].width = 22
    for place, row in enumerate(rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=_storable(_guarded(value)))
            cell.data_type = "s"
            cell.number_format = "@"
            if place == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def template() -> list[list[str]]:
    """What a table looks like, with two people as an example."""
    anna = {"number": "244", "name": "Anna Johnson", "email": "anna@company.com", "mobile": "+79001234567"}
    john = {"number": "243", "name": "John Smith", "ring": "30", "forward": "244", "record": "no"}
    return [list(COLUMNS), *([row.get(key, "") for key in COLUMNS] for row in (john, anna))]


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


def _lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    filled = [
        (number, [_unguarded(cell.strip()) for cell in row])
        for number, row in enumerate(rows, 1)
        if any(cell.strip() for cell in row)
    ]
    if not filled:
        raise WrongFile(mark("There is nothing in it."))
    if len(filled) > MOST_ROWS:
        raise WrongFile(mark("More than 5,000 lines; please split the file."))
    header = [FIELDS.find(cell) for cell in filled[0][1]]
    if any(header):
        keys = [field.key if field else "" for field in header]
        unknown = tuple(cell for cell, field in zip(filled[0][1], header, strict=True) if cell and not field)
        filled = filled[1:]
    else:
        keys, unknown = list(USUAL), ()
    if not filled:
        raise WrongFile(mark("There is only a header, and nobody under it."))
    return [
        Line(number, {key: cell for key, cell in zip(keys, row, strict=False) if key and cell}, unknown)
        for number, row in filled
    ]


def _guarded(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith((*FORMULA, "'")) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith((*FORMULA, "'")) else text


def _storable(text: str) -> str:
    """Excel's format has no place for most control characters."""
    return "".join(char for char in text if char in "\t\n" or char.isprintable())

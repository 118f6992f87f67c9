"""Tables of employees: from the rows of a file or of a message to the raw cells of each person."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from bot.messages.message import mark
from bot.spreadsheet.cells import SEPARATORS
from bot.spreadsheet.reader import MAX_ROWS, Row
from handlers.employees.draft import as_written
from handlers.employees.fields import FIELDS
from handlers.parsing import spreadsheet
from handlers.parsing.spreadsheet import WrongFile

COLUMNS = tuple(field.key for field in FIELDS.table)
# Order of the columns in a table without a header.
USUAL = ("number", "name", "email", "mobile")


@dataclass(frozen=True, slots=True)
class FileLine:
    """`number` as an editor counts lines. `cells` by the key of the field; `unknown` are headers of no field."""

    number: int
    cells: Mapping[str, str]
    unknown: tuple[str, ...] = ()


async def read_file(content: bytes, owner: Hashable) -> list[FileLine]:
    """Parse a CSV or an Excel file that `owner` sent; its type is detected from the content. Raises WrongFile."""
    return lines_of(await spreadsheet.read(content, owner))


def read_pasted(text: str) -> list[FileLine]:
    """Parse lines pasted into a message: a table, or `243 John Smith john@company.com` each. Raises WrongFile."""
    lines = text.strip().splitlines()
    if any(separator in line for line in lines for separator in SEPARATORS):
        return lines_of(spreadsheet.read_text(text.strip()))
    if not lines:
        raise WrongFile(mark("There is nothing in it."))
    if len(lines) > MAX_ROWS:
        raise WrongFile(mark("More than 5,000 lines; please split the file."))
    return [FileLine(number, as_written(line)) for number, line in enumerate(lines, 1) if line.strip()]


def template() -> list[list[str]]:
    """Rows of the template, with two people as an example."""
    anna = {"number": "244", "name": "Anna Johnson", "email": "anna@company.com", "mobile": "+79001234567"}
    john = {"number": "243", "name": "John Smith", "ring": "30", "forward": "244", "record": "no"}
    return [list(COLUMNS), *([row.get(key, "") for key in COLUMNS] for row in (john, anna))]


def lines_of(rows: Sequence[Row]) -> list[FileLine]:
    """Lines of a table. Raises WrongFile."""
    filled = [(number, [cell.strip() for cell in row]) for number, row in rows]
    if not filled:
        raise WrongFile(mark("There is nothing in it."))
    header = [FIELDS.find(cell) for cell in filled[0][1]]
    if any(header):
        keys = [field.key if field else "" for field in header]
        unknown = tuple(cell for cell, field in zip(filled[0][1], header, strict=True) if cell and not field)
        filled = filled[1:]
    else:
        keys, unknown = list(USUAL), ()
    if not filled:
        raise WrongFile(mark("There is only a header, and nobody under it."))
    if len(filled) > MAX_ROWS:
        raise WrongFile(mark("More than 5,000 lines; please split the file."))
    return [
        FileLine(number, {key: cell for key, cell in zip(keys, row, strict=False) if key and cell}, unknown)
        for number, row in filled
    ]

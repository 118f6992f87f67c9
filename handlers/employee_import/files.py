"""Tables of employees: from the rows of a file or of a message to the raw cells of each person."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.messages.message import mark
from bot.spreadsheet.cells import SEPARATORS
from bot.spreadsheet.table import MAX_ROWS, Row, Table
from handlers.employee_import.headers import Columns, columns_of, find_header, header_of
from handlers.employees.draft import as_written
from handlers.employees.fields import FIELDS
from handlers.parsing import spreadsheet
from handlers.parsing.fields import PASSWORD, Problem
from handlers.parsing.spreadsheet import WrongFile

NAME = mark("employees")
COLUMNS = tuple(field.key for field in FIELDS.table)
# Order of the columns in a table without a header.
USUAL = ("number", "name", "email", "mobile")
MAY_BE_NUMBER = re.compile(r"\d{2,8}")
NO_NAME = re.compile(r"[^@]*@[^@]*|[+\d\s().-]{7,}")
TOO_MANY_LINES = mark("More than 5,000 lines; please split the file.")


@dataclass(frozen=True, slots=True)
class FileLine:
    """`number` as an editor counts lines. `cells` by the key of the field. `problems`: what the file does not tell."""

    number: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class EmployeeTable:
    """`unknown`: headers of no field. `above`: texts above the header. Both are left out, as are `other_sheets` and
    `hidden` rows."""

    lines: tuple[FileLine, ...]
    unknown: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    hidden: int = 0


async def read_file(content: bytes, owner: Hashable) -> EmployeeTable:
    """Parse a CSV or an Excel file that `owner` sent; its type is detected from the content. Raises WrongFile."""
    return employee_table(await spreadsheet.read(content, owner))


def read_pasted(text: str) -> EmployeeTable:
    """Parse lines pasted into a message: a table, or `243 John Smith john@company.com` each. Raises WrongFile."""
    lines = text.strip().splitlines()
    if any(separator in line for line in lines for separator in SEPARATORS):
        return employee_table(spreadsheet.read_text(text.strip()))
    if not lines:
        raise WrongFile(mark("There is nothing in it."))
    if len(lines) > MAX_ROWS:
        raise WrongFile(TOO_MANY_LINES)
    return EmployeeTable(
        tuple(FileLine(number, as_written(line)) for number, line in enumerate(lines, 1) if line.strip())
    )


def template(translate: Callable[[str], str]) -> list[list[str]]:
    """Rows of the template, with two people as an example."""
    anna = {"number": "244", "name": mark("Anna Johnson"), "email": "anna@company.com", "mobile": "+79001234567"}
    john = {"number": "243", "name": mark("John Smith"), "ring": "30", "forward": "244", "record": mark("no")}
    for person in (anna, john):
        person.update({key: translate(person[key]) for key in ("name", "record") if key in person})
    return [header_of(COLUMNS, translate), *([row.get(key, "") for key in COLUMNS] for row in (john, anna))]


def employee_table(table: Table) -> EmployeeTable:
    """Return the people of a table. Raises WrongFile."""
    rows = [Row(number, [cell.strip() for cell in cells], doubts) for number, cells, doubts in table.rows]
    if not rows:
        raise WrongFile(mark("There is nothing in it."))
    place = find_header([row.cells for row in rows])
    people = rows if place is None else rows[place + 1 :]
    if not people:
        raise WrongFile(mark("There is only a header, and nobody under it."))
    if len(people) > MAX_ROWS:
        raise WrongFile(TOO_MANY_LINES)
    columns = _usual_columns(people) if place is None else columns_of(rows[place].cells)
    _check_number_column(columns, people)
    lines = [_line(row, columns) for row in people]
    return EmployeeTable(
        tuple(map(_without_header, lines) if place is None else _without_headings(lines)),
        columns.unknown,
        tuple(" ".join(filter(None, row.cells)) for row in rows[: place or 0]),
        table.sheet,
        tuple(table.other_sheets),
        table.hidden,
    )


def _usual_columns(rows: Sequence[Row]) -> Columns:
    if any(len(row.cells) > len(USUAL) for row in rows):
        raise WrongFile(
            mark(
                "I do not know what its columns are. Write a header above them: number, name, email, mobile and so on."
            )
        )
    return Columns(USUAL, ())


def _check_number_column(columns: Columns, people: Sequence[Row]) -> None:
    """Refuse to choose numbers for people who may have one in a column with an unknown header."""
    if "number" in columns.keys:
        return
    for column, key in enumerate(columns.keys):
        values = [row.cells[column] for row in people if column < len(row.cells) and row.cells[column]]
        if not key and values and all(map(MAY_BE_NUMBER.fullmatch, values)):
            raise WrongFile(
                mark(
                    "Which column has the internal numbers? Write “number” above it. "
                    "If there are none, delete the columns of figures: I will choose the numbers."
                )
            )


def _line(row: Row, columns: Columns) -> FileLine:
    doubts = dict(row.doubts)
    cells: dict[str, str] = {}
    problems = []
    for column, (key, text) in enumerate(zip(columns.keys, row.cells, strict=False)):
        if not key or not (text or column in doubts):
            continue
        shown = "" if key == PASSWORD else text
        if column in doubts:
            problems.append(Problem(FIELDS.by_key[key].label, doubts[column], shown))
        elif key == "name" and columns.name_in_parts:
            cells[key] = f"{cells[key]} {text}" if key in cells else text
        elif cells.setdefault(key, text) != text:
            problems.append(Problem(FIELDS.by_key[key].label, mark("is there twice, and not the same"), shown))
    return FileLine(row.number, cells, tuple(problems))


def _without_header(line: FileLine) -> FileLine:
    """Report a name that is none, where only the order tells the columns."""
    name = line.cells.get("name", "")
    if not NO_NAME.fullmatch(name):
        return line
    problem = Problem(FIELDS.by_key["name"].label, mark("that is no name; write a header above the columns"), name)
    return replace(line, problems=(*line.problems, problem))


def _without_headings(lines: Sequence[FileLine]) -> list[FileLine]:
    """Report lines with nothing but a name, which may be that of a department, where others have numbers."""
    if not any("number" in line.cells for line in lines):
        return list(lines)
    problem = Problem(FIELDS.by_key["number"].label, mark("is missing, as is everything but a name; is it a heading?"))
    return [
        replace(line, problems=(*line.problems, problem)) if set(line.cells) == {"name"} and not line.problems else line
        for line in lines
    ]

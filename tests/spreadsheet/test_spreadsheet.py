"""Tables that a spreadsheet program does not execute, and that read back unchanged."""

import csv
import io
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.task import TaskRefused
from bot.spreadsheet.reader import read
from bot.spreadsheet.table import MAX_LINES
from bot.spreadsheet.writer import write_csv, write_excel
from tests.fixtures.examples import examples

HEADER = ["when", "who", "what"]
SHEET = "audit"
DANGEROUS = "=+-@＝＋－＠'\"; ,\t\u00a0\u200b\ufeff\r\nA1"
# Excel's format allows no control characters, and one kind of line end only.
STORABLE = st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from(DANGEROUS.replace("\r", ""))
WRITTEN = st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from(DANGEROUS)
FORMS = [(write_csv, WRITTEN), (partial(write_excel, sheet_name=SHEET), STORABLE)]


def tables(characters: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    cell = st.text(characters, min_size=1, max_size=20) | st.text(
        st.sampled_from(DANGEROUS.replace("\r", "")), min_size=1
    )
    row = st.lists(cell, min_size=len(HEADER), max_size=len(HEADER))
    return st.lists(row, max_size=5)


@pytest.mark.parametrize(("write", "characters"), FORMS, ids=["csv", "excel"])
@examples(daily=15, ci=60)
@given(data=st.data())
def test_what_is_written_is_read_back_the_same(
    write: Callable[[Any], bytes], characters: st.SearchStrategy[str], data: st.DataObject
) -> None:
    table = data.draw(tables(characters))
    assert read_back(write([HEADER, *table])) == [HEADER, *map(without_blanks, filter(any_written, table))]


@pytest.mark.parametrize("row", [["0", "a\tb", "\n\t\n\t1"], ["0", ",\n,", "\n0,"]])
def test_what_is_inside_a_quoted_cell_does_not_tell_the_separator(row: list[str]) -> None:
    assert read_back(write_csv([HEADER, row])) == [HEADER, row]


def any_written(row: list[str]) -> bool:
    return any(cell.strip() for cell in row)


def without_blanks(row: list[str]) -> list[str]:
    """Strip trailing blanks: an Excel file does not store the length of its rows."""
    while not row[-1].strip():
        row = row[:-1]
    return row


def read_back(content: bytes) -> list[list[str]]:
    return [list(row.cells) for row in read(content).rows]


@examples(daily=50, ci=300)
@given(table=tables(st.sampled_from(DANGEROUS)))
def test_no_spreadsheet_sees_a_formula_wherever_it_splits(table: list[list[str]]) -> None:
    text = write_csv([HEADER, *table]).decode("utf-8-sig")
    for delimiter in ";,\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            assert not [cell for cell in row if is_formula(cell)]
    for line in re.split("[\r\n]", text):
        assert not [cell for cell in re.split("[;,\t]", line) if is_formula(cell)]


def is_formula(cell: str) -> bool:
    """Return True if a lenient program would read a formula: leading invisible characters are skipped."""
    return bool(re.match("[=+@＝＋－＠-]", re.sub('^[\\s"\u200b\ufeff]+', "", cell)))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+79001234567",
        "-5",
        "@SUM(A1)",
        '＝HYPERLINK("http://evil.example")',
        "  \u200b=1+1",
        "\u00a0\"'=1+1",
        "Anna\r\n=1+1",
        "Smith,=1+1",
        "\t=1+1",
        "'=1+1",
        "''+7",
    ],
)
def test_a_dangerous_cell_is_text_and_comes_back_as_it_was(cell: str) -> None:
    (shown,) = next(csv.reader(io.StringIO(write_csv([[cell]]).decode("utf-8-sig"), newline=""), delimiter=";"))
    assert shown != cell
    assert shown.replace("'", "") == cell.replace("'", "")
    assert read_back(write_csv([HEADER, [cell] * 3]))[1] == [cell] * 3


@pytest.mark.parametrize("cell", ["O'Neil", "'quoted'", "a=b", "1-2", "anna@company.com", "", "Anna\nJohnson", "5 + 5"])
def test_an_ordinary_cell_is_left_alone(cell: str) -> None:
    assert cell in write_csv([[cell]]).decode("utf-8-sig")


def test_every_excel_cell_is_text_on_a_sheet_of_the_name_that_was_asked_for() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_excel([HEADER, ["=1+1", 7, "half \ud83d\x1b"]], SHEET)))
    assert book.sheetnames == [SHEET]
    cells = [cell for row in book[SHEET].iter_rows(min_row=2) for cell in row]
    assert [(cell.value, cell.data_type) for cell in cells] == [("'=1+1", "s"), ("7", "s"), ("half ", "s")]


def test_what_excel_cannot_store_hides_no_formula() -> None:
    row = ["\ufffe=1+1", "a\rb", "\x1f+7"]
    assert read_back(write_excel([HEADER, row], SHEET))[1] == ["=1+1", "a\nb", "+7"]
    book = openpyxl.load_workbook(io.BytesIO(write_excel([["\ufffe=1+1"]], SHEET)))
    assert book[SHEET]["A1"].value == "'=1+1"


def test_a_table_ends_where_nobody_would_look_any_more() -> None:
    def with_last(row: int, value: Any) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.create_sheet(index=0)
        sheet["A1"], sheet[f"XFD{row}"], sheet[f"A{row}"] = HEADER[0], "unread", value
        stored = io.BytesIO()
        book.save(stored)
        return stored.getvalue()

    assert read(with_last(MAX_LINES, 0)).rows == [(1, [HEADER[0]], []), (MAX_LINES, ["0"], [])]
    # Measured without the limit: 30 s.
    began = time.process_time()
    for content in (with_last(MAX_LINES + 1, "x"), with_last(2**20, "x"), b"a" + b"\n" * MAX_LINES + b"b"):
        with pytest.raises(TaskRefused, match="More than 5,000 lines"):
            read(content)
    assert time.process_time() - began < 8


def test_a_cell_of_nothing_but_blanks_takes_no_time() -> None:
    began = time.monotonic()
    for filling in (" ", "\n", "\n'", ";", "; '"):
        read(write_csv([HEADER, [filling * 40_000]]))
    assert time.monotonic() - began < 2

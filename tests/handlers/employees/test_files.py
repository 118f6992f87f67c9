"""Employee tables of any origin."""

import contextlib
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.i18n import languages, translations
from bot.sandbox.task import TaskRefused
from bot.spreadsheet import reader
from bot.spreadsheet.writer import serialized, write
from handlers.employee_import import files
from handlers.employee_import.files import COLUMNS, EmployeeTable, FileLine, employee_table, read_pasted
from handlers.employee_import.headers import columns_of, header_of
from handlers.parsing.spreadsheet import WrongFile
from tests.fixtures.examples import examples


def read_table(content: bytes) -> EmployeeTable:
    """Read as the sandbox process does."""
    return employee_table(reader.read(content))


def read_file(content: bytes) -> tuple[FileLine, ...]:
    return read_table(content).lines


JOHN = {"number": "243", "name": "John Smith", "email": "john@company.com", "mobile": "+79001234567"}


@pytest.mark.parametrize(
    "content",
    [
        b"number;name;email;mobile\n243;John Smith;john@company.com;+79001234567\n",
        "\ufeffnumber,name,email,mobile\r\n243,John Smith,john@company.com,+79001234567\r\n".encode(),
        "Номер;Имя;Почта;Мобильный\r\n243;John Smith;john@company.com;+79001234567".encode("cp1251"),
        "number\tname\temail\tmobile\n243\tJohn Smith\tjohn@company.com\t+79001234567".encode("utf-16"),
        b'mobile,"user_username",number,email\n"+79001234567","John Smith",243,john@company.com',
        b"243;John Smith;john@company.com;+79001234567",
    ],
)
def test_one_person_is_read_however_it_was_saved(content: bytes) -> None:
    (line,) = read_file(content)
    assert dict(line.cells) == JOHN


def test_an_excel_file_with_numbers_as_numbers_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Number", "Name", "Mobile", "Shoe size"])
    sheet.append([243, "John Smith", 79001234567, 44.5])
    sheet.append([None, None, None, None])
    sheet.append([244.0, "=1+1", "", ""])
    stored = io.BytesIO()
    book.save(stored)
    table = read_table(stored.getvalue())
    john, other = table.lines
    assert dict(john.cells) == {"number": "243", "name": "John Smith", "mobile": "79001234567"}
    assert table.unknown == ("Shoe size",)
    assert table.sheet == "Sheet"
    assert (other.number, other.cells["number"]) == (4, "244")


def test_pasted_lines_are_read_like_the_command_or_like_a_table() -> None:
    pasted = read_pasted("243 John Smith john@company.com +7 900 123-45-67\n\nAnna Johnson ring=30").lines
    assert [dict(line.cells) for line in pasted] == [
        {"number": "243", "name": "John Smith", "email": "john@company.com", "mobile": "+7900123-45-67"},
        {"name": "Anna Johnson", "ring": "30"},
    ]
    assert dict(read_pasted("243;John Smith;john@company.com;+79001234567").lines[0].cells) == JOHN


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing"),
        (b"number;name\n", "only a header"),
        (b"x" * 5_000_001, "5 MB"),
        (b"%PDF-1.7", "neither"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "has a password or is in the old .xls format"),
        (b"PK\x03\x04broken", "cannot be read"),
        (b"201;A\n" * 5001, "5,000"),
        (b"number;name\n" + b"201;A\n" * 5001, "5,000"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises((WrongFile, TaskRefused), match=says):
        read_file(content)


def test_a_bomb_is_not_unpacked() -> None:
    import zipfile

    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 120_000_000)
    with pytest.raises(TaskRefused, match="10 MB"):
        read_file(stored.getvalue())


CELL = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="\x00"), max_size=30).map(
    lambda text: " ".join(text.split())
)
TABLE = st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)).filter(any), min_size=1, max_size=8)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@examples(daily=10, ci=50)
@given(table=TABLE)
def test_what_is_written_is_read_back_the_same(form: str, table: list[list[str]]) -> None:
    content = write(serialized([COLUMNS, *table]), form, "employees")
    read = [[line.cells.get(key, "") for key in COLUMNS] for line in read_file(content)]
    assert read == table


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_sentence(content: bytes) -> None:
    with contextlib.suppress(WrongFile, TaskRefused):
        assert read_file(content)


@pytest.mark.parametrize(("language", "name"), [("en", "John Smith"), ("ru", "Иван Кузнецов")])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_is_one_that_the_bot_itself_understands(form: str, language: str, name: str) -> None:
    table = read_table(write(serialized(files.template(translations(language).gettext)), form, "employees"))
    john, anna = table.lines
    assert (john.cells["number"], john.cells["name"], anna.cells["mobile"]) == ("243", name, "+79001234567")
    assert table.unknown == ()


@pytest.mark.parametrize("language", languages())
def test_an_exported_header_is_read_back_in_every_language(language: str) -> None:
    header = header_of(COLUMNS, translations(language).gettext)
    for found in map(columns_of, (header, COLUMNS)):
        assert (found.keys, found.unknown) == (COLUMNS, ())

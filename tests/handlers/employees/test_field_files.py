"""Tables as other programs and people leave them: what is read is what was seen, and what is not sure is reported."""

import csv
import io
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.pbx import EmployeeRow
from bot.sandbox.task import TaskRefused
from bot.spreadsheet.reader import read
from handlers.employee_import.files import EmployeeTable, employee_table
from handlers.employee_import.plan import ImportPlan, RowResult, plan_import
from handlers.parsing.spreadsheet import WrongFile

FILES = Path(__file__).parent / "field_files"
Person = tuple[str | None, str | None, str | None]


def table(content: bytes) -> EmployeeTable:
    return employee_table(read(content))


def planned(content: bytes, existing: tuple[EmployeeRow, ...] = ()) -> ImportPlan:
    return plan_import(table(content).lines, existing, {}, "900", "RU")


def created(content: bytes) -> list[Person]:
    """Return number, name and mobile of those who would be created; fails on a line that is left out."""
    found = planned(content)
    assert [row.problems for row in found.rows if row.problems] == []
    return [(row.draft.number, row.draft.name, row.draft.mobile) for row in found.rows]


def refused(content: bytes) -> list[tuple[str, str]]:
    """Return label and reason of the problems; fails if anybody would be created."""
    found = planned(content)
    assert {row.result for row in found.rows} == {RowResult.BAD}
    return [(problem.label, problem.problem) for row in found.rows for problem in row.problems]


def excel(*rows: list[Any], change: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    book, stored = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    change(book)
    book.save(stored)
    return stored.getvalue()


@pytest.mark.parametrize(
    ("name", "people"),
    [
        (
            "dos-cp866-english-header.csv",
            [("301", "Пётр Ильин", "+79161110011"), ("302", "Ольга Белова", "+79161110012")],
        ),
        ("dos-cp866-russian-header.csv", [("303", "Пётр Ильин", "+79161110013")]),
        ("sep-line.csv", [("305", "Пётр Ильин", "+79161110015")]),
        ("trailing-empty-columns-and-rows.csv", [("307", "Пётр Ильин", "+79161110017")]),
        ("equals-quoted.csv", [("309", "Пётр Ильин", "+79161110019")]),
        (
            "nonbreaking-hyphens.csv",
            [
                ("311", "Пётр Ильин", "+79161110021"),
                ("312", "Анна Лис", "+79161110022"),
                ("313", "Яна Лис", "+79161110023"),
            ],
        ),
        ("moscow-landline-8495.csv", [("314", "Пётр Ильин", "+74951110024"), ("315", "Яна Лис", "+74991110025")]),
        ("wrong-dimension.xlsx", [("318", "Пётр Ильин", "+79161110029"), ("319", "Яна Лис", "+79161110030")]),
        ("hidden-first-sheet.xlsx", [("321", "Пётр Ильин", None)]),
        ("google-headers.csv", [("324", "Ильин, Пётр", "+79161110032")]),
        ("semicolon-in-quoted-header.csv", [("326", "Ильин, Пётр", None)]),
        ("mikopbx-own-export.csv", [("327", "Пётр Ильин", "+79161110034")]),
    ],
)
def test_a_file_of_another_program_is_read_as_it_was_seen(name: str, people: list[Person]) -> None:
    assert created((FILES / name).read_bytes()) == people


@pytest.mark.parametrize(
    ("name", "labels", "says"),
    [
        ("scientific.csv", ["Mobile"], "last digits are lost"),
        ("formula-without-stored-value.xlsx", ["Number", "Mobile"], "its result is not in the file"),
    ],
)
def test_what_the_file_does_not_tell_is_reported_by_line(name: str, labels: list[str], says: str) -> None:
    problems = refused((FILES / name).read_bytes())
    assert [label for label, _ in problems] == labels
    assert all(says in problem for _, problem in problems)


PEOPLE = [("0301", "Пётр Ильин", "+79161110011"), ("302", "Юлия Щёкина", "+79161110012"), ("303", "Юсуф Эм", None)]
ENCODINGS = ("utf-8", "utf-8-sig", "cp1251", "cp866", "mac_cyrillic", "koi8_r", "utf-16", "utf-16-le", "utf-16-be")
HEADERS = [
    ("Number", "FirstName", "EmailAddress", "MobileNumber"),
    ("Внутр. тел.", "Сотрудник", "Эл. адрес", "Сотовый"),
    ("number", "name", "email", "mobile"),
    ("Номер", "Имя", "Почта", "Телефон"),
    ("Внутренний номер", "ФИО", "E-mail", "Мобильный телефон"),
    ("Доб.", "Ф.И.О. сотрудника", "Эл. почта", "Моб. тел."),
    ("Extension", "Display Name", "E-mail 1 - Value", "Phone 1 - Value"),
    ("number", "user_username", "user_email", "mobile_number"),
    (),
]


@pytest.mark.parametrize(("encoding", "separator", "header"), [*product(ENCODINGS, ";,\t|", HEADERS)])
def test_any_encoding_separator_and_header(encoding: str, separator: str, header: tuple[str, ...]) -> None:
    stored = io.StringIO()
    writer = csv.writer(stored, delimiter=separator)
    if header:
        writer.writerow(header)
    writer.writerows((number, name, "", mobile or "") for number, name, mobile in PEOPLE)
    assert created(stored.getvalue().encode(encoding)) == PEOPLE


HEADER = ["номер", "фио", "почта", "телефон"]


@pytest.mark.parametrize(
    "above", [["Список сотрудников"], ["Сотрудники", None, "на 1 ноября"], ["ООО «Ромашка»", None]]
)
def test_titles_above_the_header_are_left_out_and_shown(above: list[str]) -> None:
    content = excel(above, [], HEADER, [301, "Пётр Ильин"])
    assert created(content) == [("301", "Пётр Ильин", None)]
    assert table(content).above == (" ".join(filter(None, above)),)


def test_numbers_are_read_as_their_format_shows_them() -> None:
    def formats(book: openpyxl.Workbook) -> None:
        sheet = book.worksheets[0]
        sheet["A2"].number_format, sheet["D2"].number_format = "0000", '"+7"0'
        sheet["A3"].number_format, sheet["D3"].number_format = "0", r"+7\ \(000\)\ 000\-00\-00"
        sheet["D4"].number_format = "0.00E+00"

    rows = [101, "Пётр Ильин", None, 9161110011], [302.0, "Анна Лис", None, 9161110012]
    content = excel(HEADER, *rows, ["303", "Яна Лис", None, 79161110013.0], change=formats)
    assert created(content) == [
        ("0101", "Пётр Ильин", "+79161110011"),
        ("302", "Анна Лис", "+79161110012"),
        ("303", "Яна Лис", "+79161110013"),
    ]


def test_the_sheet_that_was_open_is_read_and_the_others_are_named() -> None:
    def more(book: openpyxl.Workbook) -> None:
        for title, number in (("Архив", 900), ("Отдел", 301), ("Прочее", 901)):
            sheet = book.create_sheet(title)
            sheet.append(HEADER[:2])
            sheet.append([number, "Пётр Ильин"])
        book.worksheets[1].sheet_state = "veryHidden"
        book.active = 2

    content = excel(HEADER, [902, "Яна Лис"], change=more)
    assert created(content) == [("301", "Пётр Ильин", None)]
    found = table(content)
    assert (found.sheet, found.other_sheets) == ("Отдел", ("Sheet", "Прочее"))


def test_an_empty_sheet_that_was_open_is_passed_over() -> None:
    def more(book: openpyxl.Workbook) -> None:
        book.create_sheet("Лист2")
        book.active = 1

    assert created(excel(HEADER, [301, "Пётр Ильин"], change=more)) == [("301", "Пётр Ильин", None)]


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell() -> None:
    stored = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(excel(HEADER, [301, "Пётр Ильин", '=""']))) as book,
        zipfile.ZipFile(stored, "w") as saved,
    ):
        for part in book.namelist():
            # As Excel writes it.
            saved.writestr(part, book.read(part).replace(b'<c r="C2">', b'<c r="C2" t="str">'))
    assert created(stored.getvalue()) == [("301", "Пётр Ильин", None)]


def test_rows_that_a_filter_hides_are_left_out_and_counted() -> None:
    def filtered(book: openpyxl.Workbook) -> None:
        book.worksheets[0].row_dimensions[3].hidden = True

    content = excel(HEADER, [301, "Пётр Ильин"], [302, "Анна Лис"], [303, "Яна Лис"], change=filtered)
    assert [number for number, _, _ in created(content)] == ["301", "303"]
    assert table(content).hidden == 1


@pytest.mark.parametrize(
    ("row", "label", "says"),
    [
        ("301;#N/A;;", "Name", "has an error"),
        ("301;#ИМЯ?;;", "Name", "has an error"),
        ("301;=A1&B1;;", "Name", "result is not in the file"),
        ("301;???? ?????;;", "Name", "letters are lost"),
        ("301;П\ufffdтр;;", "Name", "letters are lost"),
        ("#####;Пётр Ильин;;", "Number", "has an error"),
        ("3,01E+02;Пётр Ильин;;7,91611E+10", "Mobile", "last digits are lost"),
        ('301;"Пётр\n302;Анна";;', "Name", "goes over several lines"),
        ("301,5;Пётр Ильин;;", "Number", "2 to 8 digits"),
        ("301;Пётр Ильин;;8916", "Mobile", "with its country"),
    ],
)
def test_a_value_that_is_none_is_reported_and_nobody_created(row: str, label: str, says: str) -> None:
    ((found, problem),) = refused(f"номер;фио;почта;телефон\n{row}\n".encode())
    assert found == label
    assert says in problem


@pytest.mark.parametrize(
    ("number", "mobile"),
    [
        ("301.0", "79161110011.0"),
        ("'301", "'+79161110011"),
        ("\u200e301\u00a0", "+7\u00a0(916)\u00a0111\u201100\u201111"),
        ('="301"', '="+79161110011"'),
        ("3,01E+02", "7,9161110011E+10"),
        ("301", "'+89161110011"),
        ("301", "8 916 111-00-11"),
        ("301,00", "79161110011,00"),
    ],
)
def test_a_number_is_read_through_what_programs_put_around_it(number: str, mobile: str) -> None:
    assert created(f"номер;фио;почта;телефон\n{number};Пётр Ильин;;{mobile}\n".encode()) == [
        ("301", "Пётр Ильин", "+79161110011")
    ]


def test_a_formula_is_read_by_its_stored_result_and_a_date_is_none() -> None:
    content = excel(HEADER, [301, "Пётр Ильин"], ["=1+1", "Анна Лис"])
    results = [row.result for row in planned(content).rows]
    assert results == [RowResult.CREATE, RowResult.BAD]

    def dated(book: openpyxl.Workbook) -> None:
        book.worksheets[0]["A2"].number_format = "dd.mm.yyyy"

    ((label, problem),) = refused(excel(HEADER, [301, "Пётр Ильин"], change=dated))
    assert label == "Number"
    assert "a date" in problem


def test_no_number_is_chosen_where_the_file_may_have_one() -> None:
    with pytest.raises(WrongFile, match="Which column has the internal numbers"):
        table("Имя;Местный\nПётр Ильин;301\nАнна Лис;302\n".encode())
    with pytest.raises(WrongFile, match="what its columns are"):
        table("301;Пётр Ильин;Отдел;Москва;p@example.com\n".encode())
    content = "фио;номер\nОтдел продаж;\nПётр Ильин;301\n".encode()
    assert [row.result for row in planned(content).rows] == [RowResult.BAD, RowResult.CREATE]
    named = planned("фио;должность\nПётр Ильин;Директор\n".encode())
    assert [(row.draft.number, row.chosen) for row in named.rows] == [("900", True)]


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Фамилия;Имя;Отчество;Номер", "Ильин;Пётр;Юрьевич;301", "Ильин Пётр Юрьевич"),
        ("First Name;Last Name;Extension", "Pyotr;Ilyin;301", "Pyotr Ilyin"),
        ("Name;Given Name;Family Name;Ext", "Pyotr Ilyin;Pyotr;Ilyin;301", "Pyotr Ilyin"),
        ("Name;Vorname;Durchwahl", "Ilyin;Pyotr;301", "Ilyin Pyotr"),
        ("ФИО;Имя;Вн. номер;Номер", "Ильин П. Ю.;Пётр;301;7", "Ильин П. Ю."),
        ("№;Сотрудник;Внутренний (доб.)", "1;Пётр Ильин;301", "Пётр Ильин"),
    ],
)
def test_names_in_parts_and_the_more_exact_column(header: str, row: str, name: str) -> None:
    assert created(f"{header}\n{row}\n".encode()) == [("301", name, None)]


def test_columns_without_a_field_are_named() -> None:
    found = table("№;ФИО;Номер;Телефон;Мобильный;Дата рождения\n1;Пётр;301;8;+79161110011;1990\n".encode())
    assert found.unknown == ("№", "Телефон", "Дата рождения")


def test_lines_are_counted_as_an_editor_does() -> None:
    content = 'sep=;\nномер;фио;extra\n301;Пётр;"a\nb"\n302;Анна\n'.encode()
    assert [line.number for line in table(content).lines] == [3, 5]


def test_a_quotation_mark_that_is_not_closed_swallows_nobody() -> None:
    with pytest.raises(TaskRefused, match="not closed"):
        table('номер;фио\n301;"Пётр\n302;Анна\n'.encode())


def test_who_is_there_already_is_so_whatever_else_is_in_the_line() -> None:
    there = (EmployeeRow(id="1", number="301", name="Пётр Ильин", mobile="12"),)
    (row,) = planned("номер;фио;почта;телефон\n301;Пётр Ильин;;12\n".encode(), there).rows
    assert (row.result, row.problems) == (RowResult.EXISTS, ())

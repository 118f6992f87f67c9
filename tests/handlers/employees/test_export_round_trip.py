"""An exported file can be imported, and the next export equals it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.messages.i18n import languages, translations
from bot.messages.sanitize import visible
from bot.pbx import Employee, EmployeeDraft, EmployeeRow
from bot.spreadsheet.reader import read
from bot.spreadsheet.writer import serialized, write
from handlers.employee_import import files
from handlers.employee_import.files import COLUMNS
from handlers.employee_import.headers import header_of
from handlers.employee_import.plan import ImportPlan, RowResult, plan_import
from handlers.employees import fields
from handlers.employees.export_employees import BRIEF_COLUMNS, brief, cell
from tests.fixtures.examples import examples

LINE = st.text(
    st.one_of(st.sampled_from("'\"`’=+-@;,\tёЁeе \n"), st.characters(exclude_categories=("Cs", "Cc"))), max_size=20
)
NAME = LINE.filter(lambda name: bool(visible(name).strip()))
# As stored by the PBX: with a leading 8, with the country code, bare; numbers that fit neither reading are left out.
MOBILE = st.sampled_from(
    ["", "89261111111", "79261234567", "+7 (926) 555-44-33", "9261111111", "84951234500", "442071234567", "9961234567"]
)
TARGET = st.sampled_from(["", "hangup", "busy", "voicemail", "did2user", "299", "+79161111111"])


@st.composite
def employees(draw: st.DrawFn) -> Employee:
    return Employee(
        id="7",
        number="201",
        name=draw(NAME),
        secret=SecretStr(draw(st.from_regex(r"['=+@;\"a-z0-9]{5,20}", fullmatch=True))),
        email=draw(st.sampled_from(["", "anna@company.com"])),
        mobile=draw(MOBILE),
        dial=draw(LINE),
        transport=draw(st.sampled_from(fields.TRANSPORTS)),
        dtmf=draw(st.sampled_from(fields.DTMF_MODES)),
        record=draw(st.booleans()),
        filter=draw(st.sampled_from(["none", "3"])),
        extra=draw(st.lists(LINE, max_size=3).map("\n".join).filter(lambda text: "\\" not in text)),
        ring=draw(st.integers(3, 180)),
        forward=draw(TARGET),
        busy=draw(TARGET),
        unavailable=draw(TARGET),
    )


def stored(draft: EmployeeDraft) -> Employee:
    """Return the employee that the PBX stores for a draft: it keeps the digits of a mobile."""
    said: dict[str, Any] = draft.model_dump(exclude_none=True)
    return Employee(**said | {"id": "8", "mobile": (draft.mobile or "").removeprefix("+")})


def imported(content: bytes, country: str = "RU") -> ImportPlan:
    return plan_import(files.employee_table(read(content)).lines, [], {}, "201", country)


@examples(daily=60, ci=400)
@given(employees(), st.sampled_from(["csv", "xlsx"]), st.sampled_from(languages()))
def test_in_full(employee: Employee, form: str, language: str) -> None:
    translate = translations(language).gettext

    def file(one: Employee) -> bytes:
        cells = [cell(one, key, "RU", translate) for key in COLUMNS]
        return write(serialized([header_of(COLUMNS, translate), cells]), form, "employees")

    first = file(employee)
    (row,) = imported(first).rows
    assert row.problems == ()
    assert read(file(stored(row.draft))) == read(first)


@given(NAME, MOBILE, st.sampled_from(["csv", "xlsx"]), st.sampled_from(languages()))
def test_in_brief(name: str, mobile: str, form: str, language: str) -> None:
    def file(one: EmployeeRow) -> bytes:
        header = header_of(BRIEF_COLUMNS, translations(language).gettext)
        return write(serialized([header, brief(one, "RU")]), form, "employees")

    first = file(EmployeeRow(id="7", number="201", name=name, mobile=mobile))
    (row,) = imported(first).rows
    assert row.problems == ()
    again = stored(row.draft)
    assert read(file(EmployeeRow(number="201", name=again.name, mobile=again.mobile))) == read(first)


def test_the_pbx_s_own_export_is_imported() -> None:
    table = (
        "number,user_username,user_email,mobile_number,mobile_dialstring,sip_secret,sip_enableRecording,sip_dtmfmode,"
        "fwd_ringlength,fwd_forwarding\n327,Пётр Ильин,p2@example.com,79161110034,,,1,auto,45,\n"
    )
    (row,) = imported(table.encode("utf-8-sig")).rows
    assert (row.result, row.problems) == (RowResult.CREATE, ())
    assert row.draft == EmployeeDraft(
        number="327",
        name="Пётр Ильин",
        email="p2@example.com",
        mobile="+79161110034",
        record=True,
        dtmf="auto",
        ring=45,
    )


def test_city_numbers_dialled_with_8_are_of_the_country_of_the_pbx() -> None:
    table = "номер;фио;почта;телефон\n314;Пётр Городской;;8 (495) 111-00-24\n315;Яна Лис;;8 499 111-00-25\n"
    assert [row.draft.mobile for row in imported(table.encode("cp1251")).rows] == ["+74951110024", "+74991110025"]


@pytest.mark.parametrize(
    ("written", "country", "both"),
    [
        ("4951234500", "RU", "4951234500 = +7 495 123-45-00 / +49 5123 4500"),
        ("84951234500", "", "84951234500 = +7 495 123-45-00 / +84 951 234 500"),
    ],
)
def test_what_can_be_two_numbers_is_reported_with_both(written: str, country: str, both: str) -> None:
    _, (problem,) = fields.read_fields({"name": "Anna", "mobile": written}, country)
    assert problem.value == both
    assert "two numbers" in problem.problem


def test_ten_digits_of_a_mobile_are_of_the_country_of_the_pbx() -> None:
    draft, problems = fields.read_fields({"name": "Anna", "mobile": "9607710045"}, "RU")
    assert (draft.mobile, problems) == ("+79607710045", [])


def test_a_mobile_that_somebody_has_with_an_8_is_the_same_with_a_7() -> None:
    there = [EmployeeRow(id="1", number="204", name="Anna", mobile="89261111111")]
    lines = files.read_pasted("number;name;mobile\n301;Boris;+79261111111").lines
    (row,) = plan_import(lines, there, {}, "201", "RU").rows
    assert row.result is RowResult.CONFLICT

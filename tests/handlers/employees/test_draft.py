"""Arguments of `/add_employee`, and its errors."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import Employee, EmployeeDraft
from handlers.dispatch.request import WrongArguments
from handlers.employees import fields
from handlers.employees.draft import read_draft
from handlers.parsing.fields import refuse

EVERY_FIELD = (
    '244 "Anna Johnson" email=anna@company.com mobile=+79001234567 ring=30 record=no transport=tls dtmf=rfc4733 '
    'filter=none forward=243 busy=hangup unavailable=voicemail extra="a=b c"'
)


def read_employee(text: str) -> EmployeeDraft:
    draft, problems = read_draft(text)
    refuse(problems)
    return draft


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("243 John Smith", {"number": "243", "name": "John Smith"}),
        ("John Smith", {"name": "John Smith"}),
        ("243 John Smith john@company.com", {"number": "243", "name": "John Smith", "email": "john@company.com"}),
        ("243 Anna Johnson +7 (900) 123-45-67", {"number": "243", "name": "Anna Johnson", "mobile": "+79001234567"}),
        ("Пётр Иванов p@x.ru 79001234567", {"name": "Пётр Иванов", "email": "p@x.ru", "mobile": "+79001234567"}),
        ("Anna 89001234567 a@b.com", {"name": "Anna", "email": "a@b.com", "mobile": "+79001234567"}),
        ("244 O'Brien-Smith <b>", {"number": "244", "name": "O'Brien-Smith <b>"}),
        (
            EVERY_FIELD,
            {
                "number": "244",
                "name": "Anna Johnson",
                "email": "anna@company.com",
                "mobile": "+79001234567",
                "ring": 30,
                "record": False,
                "transport": "tls",
                "dtmf": "rfc4733",
                "filter": "none",
                "forward": "243",
                "busy": "hangup",
                "unavailable": "voicemail",
                "extra": "a=b c",
            },
        ),
        # As phones and spreadsheets copy them: direction marks, hyphens that do not break, spaces of no width.
        (
            "401 Пётр Ильин +7 (916) 111\u201100\u201141",
            {"number": "401", "name": "Пётр Ильин", "mobile": "+79161110041"},
        ),
        ("402 Пётр Ильин \u202a+79161110042\u202c", {"number": "402", "name": "Пётр Ильин", "mobile": "+79161110042"}),
        ("403\u200b Пётр Ильин", {"number": "403", "name": "Пётр Ильин"}),
        (
            "404 Пётр Ильин +7\u00a0916\u00a0111\u201300\u201344",
            {"number": "404", "name": "Пётр Ильин", "mobile": "+79161110044"},
        ),
        ("имя=Анна номер=244 запись=нет", {"number": "244", "name": "Анна", "record": False}),
    ],
)
def test_one_line_is_an_employee(text: str, asked: dict[str, Any]) -> None:
    assert fields.draft_values(read_employee(text)) == asked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Whom"),
        ("243", "name is missing"),
        ("1 John", "2 to 8 digits"),
        ("123456789 John", "2 to 8 digits"),
        ("20a John", "2 to 8 digits"),
        ("٢٤٣ John", "2 to 8 digits"),
        ("243 John john@", "address like"),
        ("243 John 12", "with its country"),
        ("243 John 5551234567", "with its country"),
        ("243 " + "x" * 101, "1 to 100"),
        ("243 John ring=181", "1 to 180"),
        ("243 John ring=2 forward=244", "at least 3 seconds"),
        ("243 John forward=243", "own number"),
        ("243 John dtmf=loud", "rfc4733"),
        ("243 John record=perhaps", "yes or no"),
        ("243 John mobil=+79001234567", "mobile"),
        ("243 John password=1234", "5 to 100"),
    ],
)
def test_what_the_pbx_would_quietly_change_is_refused(text: str, says: str) -> None:
    with pytest.raises(WrongArguments) as caught:
        read_employee(text)
    assert re.search(says, sentences(caught.value))
    assert "1234" not in sentences(caught.value) or "password" not in text


def sentences(wrong: WrongArguments) -> str:
    facts = wrong.message.facts["problems"] if wrong.message else []
    return wrong.problem + " ".join(" ".join(one.values()) for one in facts)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(WrongArguments) as caught:
        read_employee("20a John ring=999 email=nobody")
    assert caught.value.message is not None
    assert [one["label"] for one in caught.value.message.facts["problems"]] == ["Number", "Ring time", "E-mail"]


def test_a_password_is_read_and_never_shown() -> None:
    draft = read_employee("243 John password=Qw3rtyUi9pAs")
    assert draft.body()["sip_secret"] == "Qw3rtyUi9pAs"
    assert "Qw3rty" not in repr(draft) + str(fields.draft_values(draft))


def test_a_change_is_what_differs_and_nothing_else() -> None:
    employee = Employee.model_validate({"number": "243", "user_username": "John", "mobile_number": "79001234567"})
    draft = EmployeeDraft(name="John", mobile="+79001234567", ring=30)
    assert [(one["key"], one["old"], one["new"]) for one in fields.changes(employee, fields.draft_values(draft))] == [
        ("ring", 0, 30)
    ]


@pytest.mark.parametrize(
    ("has", "wanted", "wrong"),
    [
        ({"fwd_forwarding": "244", "fwd_ringlength": 45}, {"ring": 2}, ["2"]),
        ({"fwd_forwarding": "", "fwd_ringlength": 2}, {"forward": "244"}, ["2"]),
        ({"fwd_forwarding": "", "fwd_ringlength": 2}, {"forward": "244", "ring": 3}, []),
        ({"fwd_forwarding": "244", "fwd_ringlength": 45}, {"ring": 2, "forward": ""}, []),
        ({"fwd_forwarding": "244", "fwd_ringlength": 1}, {"name": "John"}, []),
    ],
)
def test_a_forwarded_call_rings_three_seconds_together_with_what_is_not_changed(
    has: dict[str, object], wanted: dict[str, Any], wrong: list[str]
) -> None:
    employee = Employee.model_validate({"number": "243"} | has)
    found = fields.contradictions(EmployeeDraft(**wanted), employee)
    assert [problem.value for problem in found if problem.label == "Ring time"] == wrong


@given(st.text())
def test_any_text_is_an_employee_or_a_sentence(text: str) -> None:
    wrong, asked = None, EmployeeDraft(name="-")
    try:
        asked = read_employee(text)
    except WrongArguments as caught:
        wrong = caught
    assert wrong is None or sentences(wrong)
    assert asked.name
    assert len(asked.name) <= 100
    assert not asked.number or (asked.number.isascii() and asked.number.isdecimal() and 2 <= len(asked.number) <= 8)


def test_what_can_be_two_numbers_is_to_be_chosen_with_everything_else_read() -> None:
    draft, (problem,) = read_draft("405 Anna Johnson 4951110045", "RU")
    assert (draft.number, draft.name, draft.mobile) == ("405", "Anna Johnson", None)
    assert problem.readings == ("+74951110045", "+4951110045")

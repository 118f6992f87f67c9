"""What `/add_employee` understands, and what it says when it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.command import WrongArguments
from handlers.new_employee import Asked, read_employee


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("243 John Smith", Asked("243", "John Smith")),
        ("John Smith", Asked("", "John Smith")),
        ("243 John Smith john@company.com", Asked("243", "John Smith", "john@company.com")),
        ("243 Anna Johnson +7 (900) 123-45-67", Asked("243", "Anna Johnson", "", "+79001234567")),
        ("Пётр Иванов p@x.ru 79001234567", Asked("", "Пётр Иванов", "p@x.ru", "79001234567")),
        ("243 Anna +79001234567 anna@company.com", Asked("243", "Anna", "anna@company.com", "+79001234567")),
        ("244 O'Brien-Smith <b>", Asked("244", "O'Brien-Smith <b>")),
    ],
)
def test_one_line_is_an_employee(text: str, asked: Asked) -> None:
    assert read_employee(text) == asked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Whom"),
        ("243", "name is missing"),
        ("1 John", "2 to 8 digits"),
        ("123456789 John", "2 to 8 digits"),
        ("20a John", "2 to 8 digits"),
        ("243 John john@", "e-mail"),
        ("243 John 12", "mobile"),
        ("243 " + "x" * 101, "too long"),
    ],
)
def test_what_the_pbx_would_quietly_change_is_refused(text: str, says: str) -> None:
    with pytest.raises(WrongArguments, match=says):
        read_employee(text)


@given(st.text())
def test_any_text_is_an_employee_or_a_sentence(text: str) -> None:
    try:
        asked = read_employee(text)
    except WrongArguments as wrong:
        asked, sentence = Asked("", "-"), wrong.problem
    else:
        sentence = "-"
    assert sentence
    assert asked.name
    assert len(asked.name) <= 100
    assert asked.number == "" or (asked.number.isdecimal() and 2 <= len(asked.number) <= 8)

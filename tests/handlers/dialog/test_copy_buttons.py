"""Copied is what a phone dials or a host, and never what a caller has written in its place."""

import pytest

from handlers.dialog.copy_buttons import copy_row, host_button, number_button


@pytest.mark.parametrize(
    ("number", "country", "label", "copied"),
    [
        ("89161111111", "RU", "+7 916 111-11-11", "+79161111111"),
        ("79161111111", "", "+7 916 111-11-11", "+79161111111"),
        ("+44 20 7946 0958", "RU", "+44 20 7946 0958", "+442079460958"),
        ("201", "RU", "201", "201"),
        ("7654321", "RU", "7654321", "7654321"),
    ],
)
def test_a_number_is_copied_as_any_phone_dials_it(number: str, country: str, label: str, copied: str) -> None:
    button = number_button(number, country)
    assert button is not None
    assert (button.label, button.text) == (label, copied)


@pytest.mark.parametrize(
    "number", ["", "anonymous", "outworktimes", "<sip:1@evil.example>", "*21*+79161111111#", "1" * 17, "٢٠١", "+"]
)
def test_nothing_else_is_copied_as_a_number(number: str) -> None:
    assert number_button(number, "RU") is None


@pytest.mark.parametrize("host", ["sip.zadarma.com", "203.0.113.40:5060", "[2001:db8::1]", "сип.рф"])
def test_a_host_is_copied_as_it_is(host: str) -> None:
    button = host_button(host)
    assert button is not None
    assert button.text == host


@pytest.mark.parametrize("host", ["", "sip.example.com; rm -rf /", "a\nb", "sip\u202e.example", "x" * 254])
def test_nothing_else_is_copied_as_a_host(host: str) -> None:
    assert host_button(host) is None


def test_there_is_no_row_of_nothing() -> None:
    assert copy_row(None, None) == ()
    assert [[button.text for button in row] for row in copy_row(None, host_button("a.example"))] == [["a.example"]]

"""Outcomes and reasons of the audit have words in Russian; what is not known stays as stored."""

import re

import pytest

from bot.messages.audit_words import WORDS, in_words
from tests.fixtures.passed_strings import passed
from tests.fixtures.paths import ROOT
from tests.messages.renderers import renderer

# The parameter of the same name in charts.
NOT_OUTCOMES = {"#9aa0a6"}


def test_every_fixed_outcome_has_words() -> None:
    given = passed(frozenset({"toast", "confirm", "message"}), "outcome").constant
    assert {*given} - NOT_OUTCOMES - WORDS.keys() == set()


def test_every_reason_has_words() -> None:
    sources = [file.read_text() for folder in ("bot", "handlers") for file in (ROOT / folder).rglob("*.py")]
    reasons = {found for text in sources for found in re.findall(r'Decision\((?:True|False), "([^"]+)"', text)}
    assert len(reasons) > 20
    assert reasons - WORDS.keys() == set()


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("answered", "отвечено"),
        ("role operator, viewer", "роль: оператор, наблюдатель"),
        ("beyond role viewer", "больше, чем позволяет роль: наблюдатель"),
        ("asked for 243", "спрошено: 243"),
        ("incident 17: already taken", "инцидент № 17: уже взято"),
        ("created 243", "создано: 243"),
        ("role operator of this chat", "роль: оператор этого чата"),
        ("asked for operator", "спрошено: operator"),
        ("a: " + "taken: " * 900 + "taken", "a: " + "taken: " * 900 + "taken"),
        ("something new", "something new"),
        ("100% %(x)s", "100% %(x)s"),
    ],
)
def test_words_in_russian(stored: str, shown: str) -> None:
    assert in_words(stored, renderer("ru").label) == shown


def test_in_english_the_words_are_those_stored() -> None:
    label = renderer("en").label
    for stored in ("asked for 243", "role operator of this chat", "import 7: 3 created, 0 failed", "stranger"):
        assert in_words(stored, label) == stored

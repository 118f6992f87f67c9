"""Roles and rights are shown in words; every right has them."""

from datetime import UTC

import pytest

from bot.access.policy import BUILT_IN, PERMISSIONS
from bot.messages.access_words import RIGHTS, ROLES
from bot.messages.sanitize import plain
from handlers.parsing.role_words import WORDS, role_named
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer


def test_every_right_and_every_role_has_words() -> None:
    assert RIGHTS.keys() == PERMISSIONS
    assert ROLES.keys() == BUILT_IN.keys() == {*WORDS.values()}


@pytest.mark.parametrize(("language", "shown"), [("en", "operator, reception"), ("ru", "оператор, reception")])
def test_a_role_of_the_site_keeps_its_name(language: str, shown: str) -> None:
    facts = {"roles": ["operator", "reception"], "wrong": ""}
    assert shown in plain(renderer(language).text("which_role", facts, zone=UTC, now=NOW))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_right_is_shown_as_its_code(language: str) -> None:
    facts = dict.fromkeys(("deed", "name", "username", "station"), "") | {"is_chat": False, "subject": 1, "grants": []}
    facts["rights"] = sorted(PERMISSIONS)
    text = plain(renderer(language).text("access_card", facts, zone=UTC, now=NOW)).replace("\u2060", "")
    assert not [code for code in PERMISSIONS if code in text]


@pytest.mark.parametrize("word", ["operator", "Operator", "оператор", "«Оператор»"])
def test_a_role_is_named_by_its_code_or_in_russian(word: str) -> None:
    assert role_named(word, BUILT_IN) == "operator"
    assert role_named(word, {"reception"}) is None


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_shown_can_be_typed(language: str) -> None:
    assert {role_named(renderer(language).label(name), BUILT_IN) for name in ROLES.values()} == BUILT_IN.keys()

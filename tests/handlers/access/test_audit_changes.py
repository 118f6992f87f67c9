"""Changes in the audit: fields and fixed words in the reader's language, names and notes as they are."""

from typing import Any

import pytest

from bot.messages.i18n import translations
from handlers.access.audit_changes import NAMES, VALUES, Difference, differences


def shown(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    return [*differences(before, after, translations("ru").gettext)]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({"name": "A", "port": 5060}, {"name": "B", "port": 5060}, [("Имя", "A", "B")]),
        ({"record": True}, {"record": False}, [("Запись разговоров", "да", "нет")]),
        ({}, {"login": "renewed"}, [("Пароль SIP", "", "новый")]),
        ({"switched": "off"}, {"switched": "on"}, [("Включён", "нет", "да")]),
        ({"operator": "given"}, {}, [("оператор", "выдана", "")]),
        ({}, {"people": [1001, 1002]}, [("Люди", "", "[1001, 1002]")]),
        ({}, {"whatever": "x"}, [("whatever", "", "x")]),
        # Words of the catalogue, and names all the same.
        ({"name": "Mobile"}, {"name": "given"}, [("Имя", "Mobile", "given")]),
    ],
)
def test_a_change_in_russian(before: dict[str, Any], after: dict[str, Any], says: list[tuple[str, str, str]]) -> None:
    assert shown(before, after) == says


def test_every_name_and_value_has_words() -> None:
    russian = translations("ru").gettext
    assert {text for text in (*NAMES.values(), *VALUES.values()) if russian(text) == text} == {"DTMF"}

"""Examples of the help are valid commands in each language; invalid words are named."""

from datetime import UTC

import pytest

from bot.messages.sanitize import plain
from bot.store.database import Database
from handlers import CATALOGUE
from handlers.access.audit import PAGE_SIZE
from handlers.employees.export_employees import WORDS
from tests.handlers.dispatcher_harness import ANNA, DispatcherHarness
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_examples_of_the_audit_are_understood(database: Database, language: str) -> None:
    harness = DispatcherHarness(database)
    for name in ("audit", "add_employee"):
        harness.catalogue.commands[name] = CATALOGUE.commands[name]
    for example in CATALOGUE.commands["audit"].examples:
        await harness.types(renderer(language).label(example), ANNA, ANNA)
        assert harness.chat.shown[-1].template == ("not_met" if "@boris" in example else "audit"), example


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_examples_of_the_export_are_understood(language: str) -> None:
    for example in CATALOGUE.commands["export_employees"].examples:
        _, *words = renderer(language).label(example).split()
        assert set(words) <= WORDS.keys()


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("command", ["audit", "export_employees"])
async def test_a_word_that_is_not_understood_is_named_with_what_would_be(
    database: Database, command: str, language: str
) -> None:
    harness = DispatcherHarness(database)
    harness.catalogue.commands[command] = CATALOGUE.commands[command]
    await harness.types(f"/{command} 100%<b>", ANNA, ANNA)
    shown = harness.chat.shown[-1]
    text = plain(renderer(language).text(shown.template, shown.facts, zone=UTC, now=NOW))
    first = text.splitlines()[0]
    assert "100%<b>" in first
    assert {"en": "Known:", "ru": "Можно:"}[language] in first


async def test_the_audit_turns_only_to_where_one_is_not(database: Database) -> None:
    harness = DispatcherHarness(database)
    harness.catalogue.commands["audit"] = CATALOGUE.commands["audit"]
    harness.catalogue.buttons["audit.page"] = CATALOGUE.buttons["audit.page"]
    turns = list[list[str]]()

    def turned() -> None:
        turns.append([one.label for row in harness.chat.shown[-1].buttons for one in row if one.action == "audit.page"])

    await harness.types("/audit", ANNA, ANNA)
    turned()
    for _ in range(PAGE_SIZE):
        await harness.types("/audit", ANNA, ANNA)
    turned()
    await harness.presses(harness.chat.keyboards[-1], ANNA, ANNA, f"{len(harness.chat.shown[-1].buttons) - 2}:0")
    turned()
    assert turns == [[], ["Next ›"], ["⏮ Newest"]]

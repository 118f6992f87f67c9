"""Examples of the help are valid commands in each language; invalid words are named."""

from datetime import UTC

import pytest

from bot.messages.message import stored
from bot.messages.sanitize import plain
from bot.store.database import Database
from handlers import CATALOGUE
from handlers.access.audit import PAGE_SIZE
from handlers.authorization.access_request import with_subcommand
from handlers.calls.filter_words import read_filter
from handlers.dispatch.declare import Command
from handlers.dispatch.intents import Actor, CommandTyped, Place
from handlers.employees import fields as employee_fields
from handlers.employees.export_employees import WORDS
from handlers.parsing.arguments import read_words
from handlers.parsing.deadlines import take_deadline
from handlers.parsing.periods import take_period
from handlers.parsing.shifts import take_level, take_shift
from handlers.trunks import fields as trunk_fields
from handlers.trunks.add_trunk import TYPE_WORDS
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
        buttons = [one for row in stored(harness.chat.shown[-1].buttons) for one in row]
        turns.append([one["label"] for one in buttons if one["action"] == "audit.page"])

    await harness.types("/audit", ANNA, ANNA)
    turned()
    for _ in range(PAGE_SIZE):
        await harness.types("/audit", ANNA, ANNA)
    turned()
    await harness.presses(harness.chat.keyboards[-1], ANNA, ANNA, f"{len(harness.chat.shown[-1].buttons) - 2}:0")
    turned()
    assert turns == [[], ["Next ›"], ["⏮ Newest"]]


# Words of the examples that are names, in any language.
NAMES = {"Zadarma", "Anna", "Анна"}
NOW_THERE = NOW.replace(tzinfo=None)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_examples_with_periods_leave_only_names_unread(language: str) -> None:
    for name in ("missed", "stats", "history"):
        for arguments in examples(name, language):
            _, remaining = take_period(arguments.split(), NOW_THERE)
            assert {*remaining} <= NAMES, arguments
    for arguments in examples("cdr", language):
        found = read_filter(arguments, NOW_THERE).facts()
        assert found["search"] in {*NAMES, ""}, arguments
        assert any(found.values()), arguments


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_examples_of_oncall_are_its_subcommands(language: str) -> None:
    for command in CATALOGUE.commands.values():
        name, _, subcommand = command.name.partition(" ")
        for arguments in examples(name, language, of=command) if subcommand else ():
            typed = CommandTyped(name, arguments, Actor(ANNA, ""), Place(ANNA, None, private=True), 0, NOW)
            typed = with_subcommand(CATALOGUE, typed)
            assert typed.name == command.name, arguments
            _, words = take_level(typed.arguments.split())
            read = take_shift(words, NOW_THERE, "UTC") if subcommand == "set" else take_deadline(words, NOW_THERE)
            assert all(word.startswith("@") for word in read[1]), arguments


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_examples_with_fields_are_valid(language: str) -> None:
    for name, fields in (
        ("add_employee", employee_fields.FIELDS),
        ("edit_employee", employee_fields.FIELDS),
        ("add_trunk", trunk_fields.FIELDS),
        ("edit_trunk", trunk_fields.FIELDS),
    ):
        for arguments in examples(name, language):
            written = {key: value for key, value in read_words(arguments).fields.items() if key not in TYPE_WORDS}
            assert fields.read(written)[1] == [], arguments


def examples(name: str, language: str, of: Command | None = None) -> list[str]:
    """Arguments of a command's examples as /help shows them."""
    command = of or CATALOGUE.commands[name]
    shown = [renderer(language).label(example) for example in command.examples]
    assert all(example.split()[0] == f"/{name}" for example in shown)
    return [example.removeprefix(f"/{name}").strip() for example in shown]

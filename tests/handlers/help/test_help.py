"""/help within one screen of a phone: topics as buttons, commands with their subcommands, times, and nearest names."""

from datetime import UTC

import pytest

from bot.access.policy import Grant
from bot.messages.sanitize import plain
from bot.store.database import Database
from handlers import CATALOGUE
from handlers.dispatch.rules import Topic
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA
from tests.handlers.help_harness import HelpHarness
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer

# Lines of about so many characters, of a text and of a row of buttons.
SCREEN_LINES, LINE = 30, 40
LINES_OF_A_ROW = 2


@pytest.fixture
def harness(database: Database) -> HelpHarness:
    return HelpHarness(database)


def lines_shown(harness: HelpHarness, language: str) -> float:
    shown = harness.chat.shown[-1]
    text = plain(renderer(language).text(shown.template, shown.facts, zone=UTC, now=NOW))
    return sum(1 + len(line) // LINE for line in text.splitlines()) + LINES_OF_A_ROW * len(shown.buttons)


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_every_page_fits_into_a_screen(harness: HelpHarness, language: str) -> None:
    await harness.asks("/help", ANNA)
    assert lines_shown(harness, language) <= SCREEN_LINES
    for topic in Topic:
        await harness.asks("/help", ANNA)
        await harness.press(topic.value, ANNA)
        assert lines_shown(harness, language) <= SCREEN_LINES, topic
    await harness.asks("/help time", ANNA)
    assert lines_shown(harness, language) <= SCREEN_LINES


async def test_a_topic_is_opened_in_place_and_left_again(harness: HelpHarness) -> None:
    assert "Choose a topic" in await harness.asks("/help", ANNA)
    sent = len(harness.chat.said)
    assert "/oncall take — " in await harness.press("On call", ANNA)
    assert "Choose a topic" in await harness.press("↩ Topics", ANNA)
    assert len(harness.chat.said) == sent


async def test_only_topics_with_something_to_do_are_offered(harness: HelpHarness) -> None:
    await harness.asks("/help", VERA)
    assert "🔐 Access" not in harness.labels()
    assert "/add_employee" not in await harness.press("Employees", VERA)
    assert "/employees" in harness.chat.read[-1][1]


async def test_in_a_group_each_sees_what_they_may(harness: HelpHarness) -> None:
    await harness.asks("/help", ANNA, GROUP)
    assert "/grant" in await harness.press("Access", ANNA, GROUP)
    await harness.asks("/help", ANNA, GROUP)
    assert "There is nothing here" in await harness.press("Access", VERA, GROUP)


async def test_a_command_with_subcommands_lists_them(harness: HelpHarness) -> None:
    text = await harness.asks("/help oncall", ANNA)
    subcommands = [one for one in CATALOGUE.in_order() if one.name.startswith("oncall ")]
    assert len(subcommands) == 7
    for one in subcommands:
        assert f"/{one.name}" in text
        assert one.summary in text
    assert "/oncall set" not in await harness.asks("/help oncall", VERA)
    assert "/oncall give @boris until 18:00" in await harness.asks("/help oncall give", ANNA)
    assert "/cdr" in await harness.asks("/help /CDR", ANNA)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("stauts", "/status"),
        ("статус", "/status"),
        ("ыефегы", "/status"),
        ("emp", "/employees"),
        ("oncal", "/oncall"),
    ],
)
async def test_the_nearest_commands_are_named(harness: HelpHarness, written: str, near: str) -> None:
    text = await harness.asks(f"/help {written}", ANNA)
    if near in text:
        return
    assert f"There is no command /{written}. Did you mean:" in text
    assert near in harness.labels()
    assert near in await harness.press(near, ANNA)


async def test_what_is_no_command_and_what_one_may_not_use(harness: HelpHarness) -> None:
    text = await harness.asks("/help quasimodo", ANNA)
    assert text == "There is no command /quasimodo."
    assert harness.labels() == ["↩ Topics"]
    assert "You may not use /grant in this chat." in await harness.asks("/help grant", VERA)


@pytest.mark.parametrize("written", ["time", "times", "время", "period"])
async def test_how_to_write_times(harness: HelpHarness, written: str) -> None:
    text = await harness.asks(f"/help {written}", ANNA)
    assert "yesterday 9-12" in text
    assert "until monday" in text
    assert "weekly sat,sun 02:00-04:00" in text
    await harness.asks("/help", ANNA)
    assert await harness.press("How to write times", ANNA) == text


@pytest.mark.parametrize("roles_at", [("beta",), ("acme", "beta")])
async def test_with_several_pbxs_whoever_has_a_role_at_some_can_press(
    database: Database, roles_at: tuple[str, ...]
) -> None:
    grants = tuple(Grant(SAM, "viewer", station) for station in roles_at)
    harness = HelpHarness(database, ("acme", "beta", "gamma"), grants=grants)
    await harness.asks("/help", SAM)
    assert "/status" in await harness.press("Right now", SAM)

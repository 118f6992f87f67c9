"""Answers to a person without a role that has requested access."""

import pytest

from bot.access.policy import AccessContext
from bot.store.access.access_requests import AGAIN_AFTER
from bot.store.database import Database
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, SAM, STATION, DispatcherHarness
from tests.handlers.update_factory import NOW


def harness_of(database: Database, stations: tuple[str, ...] = ()) -> DispatcherHarness:
    harness = DispatcherHarness(database, stations=stations)
    for name in ("start", "help", "id"):
        harness.catalogue.commands[name] = CATALOGUE.commands[name]
    harness.catalogue.buttons["access.request"] = CATALOGUE.buttons["access.request"]
    return harness


async def known_to_anna(database: Database, stations: tuple[str, ...] = ()) -> DispatcherHarness:
    """Return a harness in which an administrator has written to the bot."""
    harness = harness_of(database, stations)
    await harness.types("/id", ANNA, ANNA)
    harness.chat.shown.clear()
    return harness


async def asked(database: Database, stations: tuple[str, ...] = ()) -> DispatcherHarness:
    """Sam has pressed the button of the strangers' message."""
    harness = await known_to_anna(database, stations)
    await harness.types("/start", SAM, SAM)
    await harness.presses(harness.chat.keyboards[-1], SAM, SAM)
    return harness


@pytest.mark.parametrize("stations", [(), ("acme", "beta")])
async def test_who_waits_for_an_answer_is_notified_and_not_asked_again(
    database: Database, stations: tuple[str, ...]
) -> None:
    harness = await asked(database, stations)
    await harness.types("/start", SAM, SAM)
    await harness.types("/help", SAM, SAM)
    shown = [message.template for message in harness.chat.shown]
    assert shown == ["stranger", "access_requested", "access_waits", "access_waits"]
    # An unanswered person may ask again.
    harness.now += AGAIN_AFTER
    await harness.types("/start", SAM, SAM)
    assert harness.chat.shown[-1].template == "stranger"


async def test_whoever_presses_an_older_button_while_waiting_is_notified(database: Database) -> None:
    harness = await known_to_anna(database)
    for _ in range(2):
        await harness.types("/start", SAM, SAM)
    for keyboard in list(harness.chat.keyboards):
        await harness.presses(keyboard, SAM, SAM)
    assert [message.template for message in harness.chat.shown[2:]] == ["access_requested", "access_waits"]


async def test_who_was_refused_is_not_rate_limited(database: Database) -> None:
    harness = await asked(database)
    assert await harness.services.requests.answer(1, None, AccessContext(ANNA, ANNA, True, STATION, NOW), "Anna")
    await harness.types("/start", SAM, SAM)
    assert harness.chat.shown[-1].template == "stranger"


@pytest.mark.parametrize("stations", [(), ("acme", "beta")])
async def test_whoever_sets_up_the_bot_is_told_where_their_id_belongs(
    database: Database, stations: tuple[str, ...]
) -> None:
    """ADMINS names somebody who never wrote: a placeholder, or a mistyped id."""
    harness = harness_of(database, stations)
    for command in ("/start", "/help", "/id"):
        await harness.types(command, SAM, SAM)
    assert [message.template for message in harness.chat.shown] == ["no_administrator", "no_administrator", "id"]
    assert harness.chat.shown[-1].facts["has_administrator"] is False
    await harness.types("/id", ANNA, ANNA)
    await harness.types("/start", SAM, SAM)
    await harness.types("/id", SAM, SAM)
    assert harness.chat.shown[-2].template == "stranger"
    assert harness.chat.shown[-1].facts["has_administrator"] is True


async def test_a_request_that_nobody_could_answer_is_not_promised_an_answer(database: Database) -> None:
    harness = harness_of(database)
    await harness.types("/status", SAM, SAM)
    assert harness.chat.shown[-1].template == "stranger"
    await harness.presses(harness.chat.keyboards[-1], SAM, SAM)
    assert harness.chat.shown[-1].template == "no_administrator"

"""Answers to a person without a role that has requested access."""

import pytest

from bot.access.policy import AccessContext
from bot.store.access.access_requests import AGAIN_AFTER
from bot.store.database import Database
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, SAM, STATION, DispatcherHarness
from tests.handlers.update_factory import NOW


async def asked(database: Database, stations: tuple[str, ...] = ()) -> DispatcherHarness:
    """Sam has pressed the button of the strangers' message."""
    harness = DispatcherHarness(database, stations=stations)
    for name in ("start", "help"):
        harness.catalogue.commands[name] = CATALOGUE.commands[name]
    harness.catalogue.buttons["access.request"] = CATALOGUE.buttons["access.request"]
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
    harness = DispatcherHarness(database)
    harness.catalogue.commands["start"] = CATALOGUE.commands["start"]
    harness.catalogue.buttons["access.request"] = CATALOGUE.buttons["access.request"]
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

"""Answers to a person without a role that has requested access."""

import pytest

from bot.access.policy import AccessContext
from bot.store.access.access_requests import AGAIN_AFTER
from bot.store.database import Store
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, NOW, SAM, STATION, Bench


async def asked(store: Store, stations: tuple[str, ...] = ()) -> Bench:
    """Sam has pressed the button of the strangers' message."""
    bench = Bench(store, stations=stations)
    for name in ("start", "help"):
        bench.catalogue.commands[name] = CATALOGUE.commands[name]
    bench.catalogue.presses["access.request"] = CATALOGUE.presses["access.request"]
    await bench.types("/start", SAM, SAM)
    await bench.presses(bench.chat.keyboards[-1], SAM, SAM)
    return bench


@pytest.mark.parametrize("stations", [(), ("acme", "beta")])
async def test_who_waits_for_an_answer_is_told_so_and_not_asked_again(store: Store, stations: tuple[str, ...]) -> None:
    bench = await asked(store, stations)
    await bench.types("/start", SAM, SAM)
    await bench.types("/help", SAM, SAM)
    shown = [message.template for message in bench.chat.shown]
    assert shown == ["stranger", "access_requested", "access_waits", "access_waits"]
    # An unanswered person may ask again.
    bench.now += AGAIN_AFTER
    await bench.types("/start", SAM, SAM)
    assert bench.chat.shown[-1].template == "stranger"


async def test_whoever_presses_an_older_button_while_waiting_is_told_so(store: Store) -> None:
    bench = Bench(store)
    bench.catalogue.commands["start"] = CATALOGUE.commands["start"]
    bench.catalogue.presses["access.request"] = CATALOGUE.presses["access.request"]
    for _ in range(2):
        await bench.types("/start", SAM, SAM)
    for keyboard in list(bench.chat.keyboards):
        await bench.presses(keyboard, SAM, SAM)
    assert [message.template for message in bench.chat.shown[2:]] == ["access_requested", "access_waits"]


async def test_who_was_refused_is_not_told_to_wait(store: Store) -> None:
    bench = await asked(store)
    assert await bench.desk.requests.answer(1, None, AccessContext(ANNA, ANNA, True, STATION, NOW), "Anna")
    await bench.types("/start", SAM, SAM)
    assert bench.chat.shown[-1].template == "stranger"

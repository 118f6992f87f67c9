"""/start offers what the person's role does first; /cancel closes what waits for an answer."""

import pytest

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.store.database import Database
from handlers.dispatch.request import Question, Reply
from tests.handlers.dispatcher_harness import ANNA, GROUP, OLGA, SAM, VERA
from tests.handlers.help_harness import HelpHarness


@pytest.fixture
def harness(database: Database) -> HelpHarness:
    return HelpHarness(database)


async def test_each_role_is_offered_its_first_steps(harness: HelpHarness) -> None:
    shown = await harness.asks("/start", VERA)
    assert "I look after" in shown
    assert "Add me" not in shown
    viewer = harness.labels()
    assert viewer == ["🚦 Status", "📞 Calls now", "📵 Missed today", "📟 On call", "❓ All commands"]
    assert "Add me to your team's group" in await harness.asks("/start", ANNA)
    assert {*harness.labels()} - {*viewer} == {"🔔 Rehearse an alert", "👤 New employee", "🔐 Who has access"}


async def test_a_step_is_the_command_as_if_typed(harness: HelpHarness) -> None:
    harness.offers("calls", Permission.CALLS_READ, Reply(Message("broken")))
    await harness.asks("/start", VERA)
    await harness.press("Calls now", VERA)
    (request,) = harness.done
    assert request.actor.id == VERA
    assert [row.what for row in await harness.audit()] == ["/start", "suggestion.take", "/calls"]
    await harness.asks("/start", VERA)
    assert "Choose a topic" in await harness.press("All commands", VERA)


async def test_with_several_pbxs_a_step_asks_for_the_pbx(database: Database) -> None:
    grants = tuple(Grant(SAM, "viewer", station) for station in ("acme", "beta"))
    harness = HelpHarness(database, ("acme", "beta"), grants=grants)
    harness.offers("calls", Permission.CALLS_READ, Reply(Message("broken")))
    assert "I look after 2 PBXs" in await harness.asks("/start", SAM)
    await harness.press("Calls now", SAM)
    assert harness.chat.shown[-1].template == "which_station"


async def test_an_open_question_is_closed(harness: HelpHarness) -> None:
    harness.offers("ask", Permission.STATUS_READ, Reply(Message("broken"), question=Question("its.answer")))
    harness.on_answer("its.answer", Permission.STATUS_READ, Reply(Message("broken")))
    assert "nothing to cancel" in await harness.asks("/cancel", ANNA)
    await harness.asks("/ask", ANNA)
    assert "Cancelled" in await harness.asks("/cancel", ANNA)
    harness.done.clear()
    await harness.says("an answer", ANNA, ANNA)
    assert not harness.done
    assert "nothing to cancel" in await harness.asks("/cancel", ANNA)


async def test_a_change_that_waits_for_its_asker_is_closed_for_nobody_else(harness: HelpHarness) -> None:
    preview = Message("broken", {}, ((Button("Create", "its.create"),),))
    harness.offers("add", Permission.STATUS_READ, Reply(preview, confirm=True))
    harness.on_press("its.create", Permission.STATUS_READ, Reply(toast="done"))
    await harness.asks("/add", ANNA, GROUP)
    keyboard = harness.chat.keyboards[-1]
    assert "nothing to cancel" in await harness.asks("/cancel", OLGA, GROUP)
    assert "nothing to cancel" in await harness.asks("/cancel", ANNA)
    assert "Cancelled" in await harness.asks("/cancel", ANNA, GROUP)
    await harness.presses(keyboard, ANNA, GROUP)
    assert harness.chat.toasts[-1] == "This was already answered."

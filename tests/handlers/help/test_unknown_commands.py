"""A command with a typing error, in Russian, in the other keyboard layout or without its slash, in a private chat."""

from typing import Any

import pytest

from bot.access.policy import Grant, Permission
from bot.messages.message import Message
from bot.store.database import Database
from handlers.authorization.rate_limits import RequestLimits
from handlers.dispatch.request import Question, Reply
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA
from tests.handlers.help_harness import HelpHarness
from tests.handlers.update_factory import message

ANSWERED: Any = Reply(Message("broken"))


@pytest.fixture
def harness(database: Database) -> HelpHarness:
    harness = HelpHarness(database)
    harness.offers("status", Permission.STATUS_READ, ANSWERED)
    harness.offers("mute", Permission.INCIDENTS_MUTE, ANSWERED)
    harness.offers("add_employee", Permission.EMPLOYEES_WRITE, ANSWERED)
    return harness


async def test_the_nearest_command_is_a_button_that_runs_it(harness: HelpHarness) -> None:
    assert await harness.asks("/stauts 202", ANNA) == "I do not know /stauts. Did you mean:"
    assert harness.labels()[0] == "/status 202"
    await harness.press("/status 202", ANNA)
    assert [request.arguments for request in harness.done] == ["202"]


@pytest.mark.parametrize("text", ["статус", "/статус", "ыефегы", ".ыефегы", "status", "Status"])
async def test_what_only_looks_is_understood_at_once(harness: HelpHarness, text: str) -> None:
    # Telegram takes Latin letters only for a command.
    await harness.takes({"message": message(f"{text} 202", ANNA, ANNA, harness.now, entities=[])})
    assert [request.arguments for request in harness.done] == ["202"]
    assert (await harness.audit())[-1].what == "/status"


@pytest.mark.parametrize("text", ["mute Zadarma", "заглушить Zadarma"])
async def test_what_changes_something_is_asked_first(harness: HelpHarness, text: str) -> None:
    await harness.says(text, ANNA, ANNA)
    assert not harness.done
    assert harness.labels() == ["/mute Zadarma"]


async def test_a_password_is_not_stored_with_a_button(harness: HelpHarness) -> None:
    text = await harness.asks("/add_emploee 243 Anna password=Gh7uR2pLq9", ANNA)
    assert text == "I do not know /add_emploee. Did you mean /add_employee, /edit_employee?"
    assert not harness.chat.keyboards


async def test_what_one_may_not_use_is_not_offered(harness: HelpHarness) -> None:
    assert await harness.asks("/add_emploee", VERA) == "I do not know /add_emploee. /help lists what you can ask."
    await harness.says("hello there", VERA, VERA)
    assert harness.chat.shown[-1].template == "not_a_command"


async def test_in_a_group_other_bots_may_be_meant(harness: HelpHarness) -> None:
    await harness.types("/stauts", ANNA, GROUP)
    await harness.says("status", ANNA, GROUP)
    assert not harness.chat.said
    assert not harness.done


async def test_an_answer_to_a_question_stays_one(harness: HelpHarness) -> None:
    harness.offers("ask", Permission.STATUS_READ, Reply(Message("broken"), question=Question("its.answer")))
    harness.on_answer("its.answer", Permission.STATUS_READ, ANSWERED)
    await harness.asks("/ask", ANNA)
    await harness.says("status", ANNA, ANNA)
    assert [request.arguments for request in harness.done] == ["", "status"]


async def test_whoever_has_a_role_at_one_of_several_pbxs_is_no_stranger(database: Database) -> None:
    harness = HelpHarness(database, ("acme", "beta"), grants=(Grant(SAM, "viewer", "beta"),))
    assert "Did you mean" in await harness.asks("/stauts", SAM)


async def test_in_private_a_refusal_for_too_much_is_never_silent(database: Database) -> None:
    harness = HelpHarness(database, pace=RequestLimits(person=3))
    for _ in range(6):
        await harness.asks("/id", ANNA)
    assert [template for _, template, _ in harness.chat.said] == ["id"] * 3 + ["too_much"] * 3
    assert harness.chat.read[-1][1] == "⏳ Too many commands at once: this one was not done. Send it again in a minute."


async def test_turning_pages_is_not_costly(database: Database) -> None:
    harness = HelpHarness(database, pace=RequestLimits(costly=1))
    for action in ("cdr.page", "missed.page"):
        assert not harness.catalogue.buttons[action].rule.costly


async def test_a_command_that_is_changed_is_not_carried_out_and_says_so_in_private(harness: HelpHarness) -> None:
    changed = {"edit_date": int(harness.now.timestamp())}
    await harness.takes({"edited_message": message("/status 202", ANNA, ANNA, harness.now, **changed)})
    assert not harness.done
    assert harness.chat.shown[-1].template == "edited_not_read"
    await harness.takes({"edited_message": message("/status 202", ANNA, GROUP, harness.now, **changed)})
    assert [shown.template for shown in harness.chat.shown] == ["edited_not_read"]

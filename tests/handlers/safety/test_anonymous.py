"""An anonymous administrator identifies themselves by a press; the command then runs in their name."""

from datetime import timedelta
from typing import Any

import pytest

from bot.access.policy import Permission
from bot.store.tables.messages import Keyboard
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import message, place_of

GROUP_BOT = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@pytest.fixture(autouse=True)
def offered(harness: DispatcherHarness) -> None:
    harness.offers("status", Permission.STATUS_READ)
    harness.offers("mute", Permission.INCIDENTS_MUTE)
    for name in ("prove", "obey", "leave"):
        harness.catalogue.buttons[f"identity.{name}"] = CATALOGUE.buttons[f"identity.{name}"]
    harness.members.anonymous = {ANNA, VERA}


async def typed_anonymously(harness: DispatcherHarness, text: str, **more: Any) -> Keyboard:
    update = message(text, ANNA, GROUP, harness.now) | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)} | more
    await harness.takes({"message": update})
    return harness.chat.keyboards[-1]


async def test_what_does_more_than_look_is_asked_once_more_of_one_person(harness: DispatcherHarness) -> None:
    """The person that claims it sees the whole command twice."""
    keyboard = await typed_anonymously(harness, "/mute all for 6d  provider")
    assert [(template, facts["whole"]) for _, template, facts in harness.chat.said] == [
        ("anonymous", "/mute all for 6d provider")
    ]
    await harness.presses(keyboard, ANNA)
    assert not harness.done
    asked, sure = harness.chat.shown[-1], harness.chat.keyboards[-1]
    assert (asked.template, dict(asked.facts)) == (
        "anonymous_sure",
        {"person": "A", "whole": "/mute all for 6d provider"},
    )
    await harness.presses(sure, VERA)
    assert not harness.done
    await harness.presses(sure, ANNA)
    await harness.presses(sure, ANNA)
    assert [(one.actor.id, one.arguments) for one in harness.done] == [(ANNA, "all for 6d  provider")]
    assert harness.chat.edited == ["anonymous_over", "anonymous_over"], "neither question keeps its buttons"
    authorizer = [(row.what, row.allowed, row.reason) for row in await harness.audit()]
    assert authorizer == [
        ("/mute", False, "an anonymous administrator"),
        ("identity.prove", True, "role admin"),
        ("identity.obey", False, "button of another person"),
        ("identity.obey", True, "role admin"),
        ("/mute", True, "role admin"),
        ("identity.obey", False, "already used"),
    ]


async def test_who_says_no_has_done_nothing(harness: DispatcherHarness) -> None:
    await harness.presses(await typed_anonymously(harness, "/mute all"), ANNA)
    await harness.presses(harness.chat.keyboards[-1], ANNA, place="0:1")
    assert not harness.done
    assert harness.chat.edited[-1] == "anonymous_over"


async def test_what_only_looks_is_done_at_once_with_the_rights_of_who_pressed(harness: DispatcherHarness) -> None:
    keyboard = await typed_anonymously(harness, "/status")
    await harness.presses(keyboard, VERA)
    assert [one.actor.id for one in harness.done] == [VERA]
    assert harness.chat.edited == ["anonymous_over"]


async def test_what_cannot_be_shown_whole_nobody_is_made_to_own(harness: DispatcherHarness) -> None:
    update = message(f"/mute all {'x' * 600}", ANNA, GROUP, harness.now) | {"sender_chat": place_of(GROUP)}
    await harness.takes({"message": update | {"from": GROUP_BOT}})
    assert not harness.chat.keyboards
    assert harness.chat.said[-1][2] == {"command": "mute", "whole": ""}


async def test_somebody_who_does_not_write_anonymously_proves_nothing(harness: DispatcherHarness) -> None:
    keyboard = await typed_anonymously(harness, "/status")
    harness.members.anonymous = set()
    await harness.presses(keyboard, ANNA)
    await harness.presses(keyboard, SAM)
    assert not harness.done


async def test_the_command_is_as_old_as_it_is(harness: DispatcherHarness) -> None:
    keyboard = await typed_anonymously(harness, "/status")
    harness.now += timedelta(minutes=6)
    await harness.presses(keyboard, ANNA)
    assert not harness.done
    assert harness.chat.said[-1][1] == "too_old"


async def test_what_may_hold_a_password_is_not_kept_for_it(harness: DispatcherHarness) -> None:
    update = message("/mute x password=hunter22", ANNA, GROUP, harness.now)
    await harness.takes({"message": update | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)}})
    assert not harness.chat.keyboards


async def test_posts_in_the_name_of_another_chat_are_offered_nothing(harness: DispatcherHarness) -> None:
    update = message("/status", ANNA, GROUP, harness.now) | {"sender_chat": place_of(-200)}
    await harness.takes({"message": update})
    assert not harness.chat.said

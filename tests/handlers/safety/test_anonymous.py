"""An anonymous administrator identifies themselves by a press; the command then runs in their name."""

from datetime import timedelta
from typing import Any

import pytest

from bot.access.policy import Permission
from bot.store.tables.incidents import Keyboard
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA, Bench, message, place_of

GROUP_BOT = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@pytest.fixture(autouse=True)
def office(bench: Bench) -> None:
    bench.offers("status", Permission.STATUS)
    bench.offers("mute", Permission.MUTE)
    for name in ("prove", "obey", "leave"):
        bench.catalogue.presses[f"identity.{name}"] = CATALOGUE.presses[f"identity.{name}"]
    bench.members.anonymous = {ANNA, VERA}


async def typed_anonymously(bench: Bench, text: str, **more: Any) -> Keyboard:
    update = message(text, ANNA, GROUP, bench.now) | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)} | more
    await bench.takes({"message": update})
    return bench.chat.keyboards[-1]


async def test_what_does_more_than_look_is_asked_once_more_of_one_person(bench: Bench) -> None:
    """The person that claims it sees the whole command twice."""
    keyboard = await typed_anonymously(bench, "/mute all for 6d  provider")
    assert [(template, facts["whole"]) for _, template, facts in bench.chat.said] == [
        ("anonymous", "/mute all for 6d provider")
    ]
    await bench.presses(keyboard, ANNA)
    assert not bench.done
    asked, sure = bench.chat.shown[-1], bench.chat.keyboards[-1]
    assert (asked.template, dict(asked.facts)) == (
        "anonymous_sure",
        {"person": "A", "whole": "/mute all for 6d provider"},
    )
    await bench.presses(sure, VERA)
    assert not bench.done
    await bench.presses(sure, ANNA)
    await bench.presses(sure, ANNA)
    assert [(one.actor.id, one.arguments) for one in bench.done] == [(ANNA, "all for 6d  provider")]
    decisions = [(row.what, row.allowed, row.reason) for row in await bench.audit()]
    assert decisions == [
        ("/mute", False, "an anonymous administrator"),
        ("identity.prove", True, "role admin"),
        ("identity.obey", False, "button of another person"),
        ("identity.obey", True, "role admin"),
        ("/mute", True, "role admin"),
        ("identity.obey", False, "already used"),
    ]


async def test_who_says_no_has_done_nothing(bench: Bench) -> None:
    await bench.presses(await typed_anonymously(bench, "/mute all"), ANNA)
    await bench.presses(bench.chat.keyboards[-1], ANNA, place="0:1")
    assert not bench.done
    assert bench.chat.edited[-1] == "anonymous_over"


async def test_what_only_looks_is_done_at_once_with_the_rights_of_who_pressed(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/status")
    await bench.presses(keyboard, VERA)
    assert [one.actor.id for one in bench.done] == [VERA]


async def test_what_cannot_be_shown_whole_nobody_is_made_to_own(bench: Bench) -> None:
    update = message(f"/mute all {'x' * 600}", ANNA, GROUP, bench.now) | {"sender_chat": place_of(GROUP)}
    await bench.takes({"message": update | {"from": GROUP_BOT}})
    assert not bench.chat.keyboards
    assert bench.chat.said[-1][2] == {"command": "mute", "whole": ""}


async def test_somebody_who_does_not_write_anonymously_proves_nothing(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/status")
    bench.members.anonymous = set()
    await bench.presses(keyboard, ANNA)
    await bench.presses(keyboard, SAM)
    assert not bench.done


async def test_the_command_is_as_old_as_it_is(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/status")
    bench.now += timedelta(minutes=6)
    await bench.presses(keyboard, ANNA)
    assert not bench.done
    assert bench.chat.said[-1][1] == "too_old"


async def test_what_may_hold_a_password_is_not_kept_for_it(bench: Bench) -> None:
    update = message("/mute x password=hunter22", ANNA, GROUP, bench.now)
    await bench.takes({"message": update | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)}})
    assert not bench.chat.keyboards


async def test_posts_in_the_name_of_another_chat_are_offered_nothing(bench: Bench) -> None:
    update = message("/status", ANNA, GROUP, bench.now) | {"sender_chat": place_of(-200)}
    await bench.takes({"message": update})
    assert not bench.chat.said

"""An anonymous administrator proves who they are with a press, and is then obeyed as that person."""

from datetime import timedelta
from typing import Any

import pytest

from bot.access import Permission
from bot.store.tables import Keyboard
from handlers import CATALOGUE
from tests.handlers.bench import ANNA, GROUP, SAM, VERA, Bench, message, place_of

GROUP_BOT = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@pytest.fixture(autouse=True)
def office(bench: Bench) -> None:
    bench.offers("look", Permission.STATUS)
    bench.offers("write", Permission.EMPLOYEES)
    bench.catalogue.presses["identity.prove"] = CATALOGUE.presses["identity.prove"]
    bench.members.anonymous = {ANNA, VERA}


async def typed_anonymously(bench: Bench, text: str, **more: Any) -> Keyboard:
    update = message(text, ANNA, GROUP, bench.now) | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)} | more
    await bench.takes({"message": update})
    return bench.chat.keyboards[-1]


async def test_the_press_carries_the_real_id_and_its_rights(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/write 243 John")
    assert [(template, facts["command"]) for _, template, facts in bench.chat.said] == [("anonymous", "write")]
    await bench.presses(keyboard, VERA)
    assert not bench.done
    await bench.presses(keyboard, ANNA)
    assert [(one.actor.id, one.arguments) for one in bench.done] == [(ANNA, "243 John")]
    decisions = [(row.what, row.allowed, row.reason) for row in await bench.audit()]
    assert decisions == [
        ("/write", False, "an anonymous administrator"),
        ("identity.prove", True, "role viewer"),
        ("/write", False, "beyond role viewer"),
        ("identity.prove", True, "role admin"),
        ("/write", True, "role admin"),
    ]


async def test_somebody_who_does_not_write_anonymously_proves_nothing(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/look")
    bench.members.anonymous = set()
    await bench.presses(keyboard, ANNA)
    await bench.presses(keyboard, SAM)
    assert not bench.done


async def test_the_command_is_as_old_as_it_is(bench: Bench) -> None:
    keyboard = await typed_anonymously(bench, "/look")
    bench.now += timedelta(minutes=6)
    await bench.presses(keyboard, ANNA)
    assert not bench.done
    assert bench.chat.said[-1][1] == "too_old"


async def test_what_may_hold_a_password_is_not_kept_for_it(bench: Bench) -> None:
    update = message("/write x password=hunter22", ANNA, GROUP, bench.now)
    await bench.takes({"message": update | {"from": GROUP_BOT, "sender_chat": place_of(GROUP)}})
    assert not bench.chat.keyboards


async def test_posts_in_the_name_of_another_chat_are_offered_nothing(bench: Bench) -> None:
    update = message("/look", ANNA, GROUP, bench.now) | {"sender_chat": place_of(-200)}
    await bench.takes({"message": update})
    assert not bench.chat.said

"""Bot added to a chat: it stays or leaves depending on the person that added it."""

from typing import Any

import pytest

from bot.store.stations import bindings
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import person_of, place_of

BRANCH, ALERTS = -500, -300
BOT = {"id": 7, "is_bot": True, "first_name": "Bot"}


@pytest.fixture(autouse=True)
def offered(harness: DispatcherHarness) -> None:
    for name in ("chat.give", "chat.dismiss", "chat.bind"):
        harness.catalogue.buttons[name] = CATALOGUE.buttons[name]


async def brought(
    harness: DispatcherHarness, by: int, chat: int = BRANCH, kind: str = "supergroup", robot: bool = False
) -> None:
    change = {
        "chat": place_of(chat) | {"type": kind},
        "from": BOT if robot else person_of(by),
        "date": 0,
        "old_chat_member": {"status": "left", "user": BOT},
        "new_chat_member": {"status": "member", "user": BOT},
    }
    await harness.takes({"my_chat_member": change})


async def test_an_administrator_is_asked_which_role_the_group_gets(harness: DispatcherHarness) -> None:
    await brought(harness, ANNA)
    assert [(chat, template) for chat, template, _ in harness.chat.said] == [(BRANCH, "group_hello")]
    (keyboard,) = harness.chat.keyboards
    assert [[button["label"] for button in row] for row in keyboard.rows] == [
        ["viewer", "operator"],
        ["🚨 And alert this group"],
        ["🚪 Nothing, leave"],
    ]
    await harness.presses(keyboard, VERA, BRANCH)
    assert BRANCH not in {grant.subject for grant in (await harness.book.current()).grants}
    await harness.presses(keyboard, ANNA, BRANCH, "0:1")
    assert [g.role for g in (await harness.book.current()).grants if g.subject == BRANCH] == ["operator"]
    assert harness.menus_changed == 1


@pytest.mark.parametrize("first", ["role", "alerts"])
async def test_a_group_gets_its_role_and_its_alerts_in_either_order(harness: DispatcherHarness, first: str) -> None:
    presses = {"role": ("0:1", "group_given"), "alerts": ("1:0", "bound")}
    await brought(harness, ANNA)
    place, shown = presses.pop(first)
    await harness.presses(harness.chat.keyboards[-1], ANNA, BRANCH, place)
    assert harness.chat.shown[-1].template == shown
    (_, last) = presses.popitem()[1]
    await harness.presses(harness.chat.keyboards[-1], ANNA, BRANCH, "0:1" if first == "alerts" else "0:0")
    assert (harness.chat.shown[-1].template, harness.chat.shown[-1].buttons) == (last, ())
    assert [g.role for g in (await harness.book.current()).grants if g.subject == BRANCH] == ["operator"]
    with harness.database.begin() as session:
        assert bindings.alert_chats(session) == {BRANCH}


async def test_an_administrator_may_send_it_away_again(harness: DispatcherHarness) -> None:
    await brought(harness, ANNA)
    await harness.presses(harness.chat.keyboards[0], ANNA, BRANCH, "2:0")
    assert harness.chat.left == [BRANCH]


@pytest.mark.parametrize("person", [SAM, VERA])
async def test_anybody_else_hears_one_line_and_it_leaves(harness: DispatcherHarness, person: int) -> None:
    await brought(harness, person)
    assert [template for _, template, _ in harness.chat.said] == ["group_farewell"]
    assert harness.chat.left == [BRANCH]
    (row,) = await harness.audit()
    assert (row.what, row.actor_id, row.chat_id, row.allowed) == ("chat.added", person, BRANCH, False)


@pytest.mark.parametrize("chat", [GROUP, ALERTS])
async def test_where_it_belongs_it_stays_silently_whoever_brings_it(harness: DispatcherHarness, chat: int) -> None:
    await brought(harness, SAM, chat)
    assert not harness.chat.said
    assert not harness.chat.left


async def test_a_channel_is_offered_nothing(harness: DispatcherHarness) -> None:
    await brought(harness, ANNA, kind="channel")
    assert not harness.chat.said
    await brought(harness, SAM, kind="channel")
    assert harness.chat.left == [BRANCH]


async def test_it_does_not_leave_because_of_its_own_trouble(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_case: Any) -> None:
        raise RuntimeError("the decision cannot be made")

    monkeypatch.setattr("handlers.authorization.preconditions.evaluate", broken)
    await brought(harness, ANNA)
    assert not harness.chat.left
    assert [row.reason for row in await harness.audit()] == ["error while deciding"]


async def test_somebody_who_is_nobody_brings_it_nowhere(harness: DispatcherHarness) -> None:
    await brought(harness, ANNA, robot=True)
    assert harness.chat.left == [BRANCH]

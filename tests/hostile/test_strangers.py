"""Strangers that imitate another person, flood the bot with access requests, or join a public group."""

from collections.abc import Callable

import pytest

from tests.end_to_end.harness import ANNA, GROUP, Program, Standins
from tests.end_to_end.people import newcomer

SAYS = {
    "en": {
        "viewer": "viewer",
        "ask": "Request access",
        "had": "@boris_was_here belonged to Boris Wolf (id {id}), who has the role admin. This is another account.",
        "looks": "The name looks like that of Boris Wolf (id {id}), who has the role admin.",
        "asked": "I asked the administrators",
        "many": "Many ask for access",
        "public": "This group is public (@open_room)",
        "news": "A group is public now",
        "told": "It is told of outages: anybody can read them",
    },
    "ru": {
        "viewer": "наблюдатель",
        "ask": "Запросить доступ",
        "had": "Имя @boris_was_here раньше было у другого: Boris Wolf (id {id}), роль: администратор.",
        "looks": "Имя выглядит так же, как у другого: Boris Wolf (id {id}), роль: администратор.",
        "asked": "Администраторы получили ваш запрос",
        "many": "Доступа просят многие",
        "public": "Это публичная группа (@open_room)",
        "news": "Группа стала публичной",
        "told": "Туда приходят оповещения об авариях",
    },
}


@pytest.fixture(params=["en", "ru"])
def says(request: pytest.FixtureRequest) -> dict[str, str]:
    return SAYS[request.param] | {"language": request.param}


@pytest.fixture
def harness(standins: Standins, start_bot: Callable[..., Program], says: dict[str, str]) -> Standins:
    start_bot(LANGUAGE=says["language"])
    standins.wait_for_looks(2)
    return standins


def test_strangers_take_nobodys_place(harness: Standins, says: dict[str, str]) -> None:
    boris = newcomer(harness, "Boris", last_name="Wolf", username="boris_was_here")
    harness.asks(boris, "/start")
    question = harness.asks(ANNA, f"/grant {boris} admin")
    harness.presses(ANNA, question, question.buttons[0][0])
    harness.wait_for(lambda: (m := harness.again(question)) and (m if m.text.startswith("✅") else None), "given")

    # He gives his username up; a stranger takes it, and his name in Cyrillic letters that look the same.
    harness.chats.people[boris].username = "boris_anew"
    harness.asks(boris, "/id")
    thief = newcomer(harness, "\u0412\u043eris", last_name="W\u043elf", username="boris_was_here")
    harness.asks(thief, "/start")
    question = harness.asks(ANNA, "/grant @boris_was_here admin")
    assert str(thief) in question
    assert says["had"].format(id=boris) in question
    assert says["looks"].format(id=boris) in question
    assert "⚠️" not in harness.asks(ANNA, "/grant @boris_anew viewer").text.replace("@boris_was_here", "")

    # Twenty-two of them ask for access; whoever comes then is not turned away, and an administrator can find them.
    crowd = [newcomer(harness, f"Stranger {number}") for number in range(22)]
    for person in crowd:
        hello = harness.asks(person, "/start")
        harness.presses(person, hello, says["ask"])
    harness.wait_for_message(says["many"], ANNA)
    sam = newcomer(harness, "Real Person")
    hello = harness.asks(sam, "/start")
    harness.presses(sam, hello, says["ask"])
    harness.wait_for(
        lambda: any(says["asked"] in m for m in harness.from_bot(sam, sam)) or None, "the bot asks for Sam"
    )
    told = [m for m in harness.from_bot(ANNA) if "Stranger" in m]
    assert len(told) == 10
    many = next(m for m in harness.from_bot(ANNA) if says["many"] in m)
    harness.presses(ANNA, many, many.buttons[0][0])
    listed = harness.wait_for(lambda: (m := harness.again(many)) and (m if "Real Person" in m else None), "the list")
    harness.presses(ANNA, listed, "1")
    one = harness.wait_for(lambda: (m := harness.again(many)) and (m if "👁" in m.buttons[0][0] else None), "Sam's card")
    harness.presses(ANNA, one, one.buttons[0][0])
    harness.wait_for(
        lambda: (m := harness.again(many)) and (m if "✅" in m and says["viewer"] in m else None), "given to Sam"
    )


def test_a_role_for_a_public_group_is_one_for_everybody(harness: Standins, says: dict[str, str]) -> None:
    harness.chats.chats[GROUP].username = "open_room"
    question = harness.asks(ANNA, "/grant here viewer", GROUP)
    assert says["public"] in question
    news = harness.wait_for_message(says["news"], ANNA)
    assert says["told"] in news
    harness.asks(ANNA, "/id", GROUP)
    harness.asks(ANNA, "/grant here viewer", GROUP)
    assert len([m for m in harness.from_bot(ANNA) if says["news"] in m]) == 1, "once"

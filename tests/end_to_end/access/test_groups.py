"""Groups that an administrator or another person adds the bot to, and groups that it already belongs to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.harness import (
    ANNA,
    ASKING,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)
from tests.end_to_end.people import ANYONE, OPERATOR, VIEWER, grant, wait_for_menu
from tests.fixtures import stored

NAMED, SPENT, GIVEN = -1003000000001, -1003000000002, -1003000000003


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Standins]:
    """The settings name an alert chat to which the bot has not been added yet."""
    with running_standins(speed=ASKING) as harness, running_bot(harness, folder, ALERT_CHATS=f"{GROUP},{NAMED}"):
        yield harness


def brings(shared: Standins, person: int, **more: object) -> int:
    """Create a group as this person, with Boris in it, and add the bot."""
    body = {"title": "Warehouse", "type": "supergroup", "creator": person, "members": [BORIS]} | more
    chat: int = shared.post("/client/chats", **body)["id"]
    return chat


def events(shared: Standins, chat: int, person: int) -> list[str]:
    return [str(message.raw["service"] or message.text) for message in shared.messages(chat, person)]


def wait_until_gone(shared: Standins, chat: int, person: int) -> list[str]:
    """Return the bot's events in the group since it was added, its leaving included."""
    shared.wait_for(lambda: "MikoPBX left" in events(shared, chat, person)[-1:] or None, "the bot leaves")
    return [event for event in events(shared, chat, person) if not re.search("created the group|added MikoPBX", event)]


def is_silent(shared: Standins, chat: int) -> bool:
    """Return True if the bot sends only requested messages to a group."""
    answer = shared.asks(BORIS, "/id", chat)
    return [message.id for message in shared.from_bot(chat, BORIS)] == [answer.id]


@pytest.fixture
def hello(shared: Standins) -> Seen:
    """Return the bot's greeting in a group to which an administrator adds it."""
    return shared.from_bot(shared.new_group(members=[VERA, SAM]))[0]


def test_an_administrator_is_asked_for_the_role_of_everybody_in_the_group(shared: Standins, hello: Seen) -> None:
    assert hello.text.startswith("👋 I look after Head office.\nWhich role may everybody in this group have?")
    assert hello.buttons == [["viewer", "operator"], ["🚨 And alert this group"], ["🚪 Nothing, leave"]]
    given = press(shared, hello, "viewer", "Everybody in this group is viewer of Head office from now on, here")
    assert given.buttons == [["🚨 And alert this group"]]
    wait_for_menu(shared, SAM, VIEWER, hello.chat)
    assert "Zadarma" in shared.asks(SAM, "/status", hello.chat)
    assert "no right" in shared.asks(SAM, "/add_employee 243 John Smith", hello.chat)
    assert "no access yet" in shared.asks(SAM, "/status")


def test_nobody_else_in_the_group_answers_for_the_administrator(shared: Standins, hello: Seen) -> None:
    for person in (VERA, SAM):
        for label in ("operator", "leave"):
            assert "no right" in shared.presses(person, hello, label)["text"]
    unchanged = shared.again(hello)
    assert unchanged is not None
    assert unchanged.text == hello.text


def test_an_administrator_sends_it_away_again(shared: Standins, hello: Seen) -> None:
    shared.presses(ANNA, hello, "leave")
    farewell, _ = wait_until_gone(shared, hello.chat, ANNA)
    assert farewell == "👋 Nobody here was given a role, and I leave. Add me again when you want me here."


@pytest.mark.parametrize("kind", ["group", "supergroup"])
@pytest.mark.parametrize(("person", "name"), [(SAM, "Sam Miller"), (VERA, "Vera Smirnova"), (BORIS, "Boris Petrov")])
def test_whoever_may_not_give_access_hears_one_line_and_the_bot_leaves(
    shared: Standins, person: int, name: str, kind: str
) -> None:
    farewell, _ = wait_until_gone(shared, brings(shared, person, type=kind), person)
    asked = f"{name}, ask one of them to add me."
    assert farewell == f"I serve only groups of my administrators, and leave. {asked}"


def test_it_stays_silent_in_a_chat_of_the_settings_whoever_brings_it(shared: Standins) -> None:
    assert is_silent(shared, brings(shared, SAM, id=NAMED))


def test_it_comes_back_silently_into_the_chat_of_the_alerts(shared: Standins) -> None:
    bot = shared.get("/client/state", **{"as": ANNA})["bot"]["id"]
    before = len(shared.from_bot(GROUP))
    for status in ("left", "member"):
        shared.post("/client/members", by=BORIS, chat=GROUP, user=bot, status=status)
    shared.asks(BORIS, "/id", GROUP)
    assert len(shared.from_bot(GROUP)) == before + 1


def test_it_stays_silent_in_a_group_that_has_a_role_whoever_brings_it(shared: Standins) -> None:
    grant(shared, f"{GIVEN} viewer")
    brings(shared, SAM, id=GIVEN)
    assert is_silent(shared, GIVEN)
    assert "Zadarma" in shared.asks(SAM, "/status", GIVEN)


def test_a_role_that_has_ended_keeps_it_in_no_group(shared: Standins, folder: Path) -> None:
    grant(shared, f"{SPENT} viewer for 8h")
    ended = f"{shared.now():%Y-%m-%d %H:%M:%S.%f}"
    stored.in_folder(folder).execute("UPDATE grants SET until = ? WHERE subject_id = ?", ended, SPENT)
    farewell, _ = wait_until_gone(shared, brings(shared, SAM, id=SPENT), SAM)
    assert "I serve only groups of my administrators" in farewell


def test_a_group_keeps_its_role_when_it_becomes_a_supergroup(shared: Standins) -> None:
    old = shared.new_group(members=[SAM], type="group")
    press(shared, shared.from_bot(old)[0], "operator", "operator of Head office")
    new = shared.post("/client/migrate", chat=old)["new_id"]
    card = shared.asks(SAM, "/trunks Zadarma", new)
    assert "🔎 Check now" in card.buttons[0]
    listed = shared.asks(ANNA, "/access", new)
    assert str(new) in listed.text
    assert str(old) not in listed.text
    wait_for_menu(shared, SAM, OPERATOR, new)


def test_a_group_without_a_role_gets_no_menu_of_its_own(shared: Standins, hello: Seen) -> None:
    wait_for_menu(shared, SAM, set(), hello.chat)
    wait_for_menu(shared, SAM, ANYONE)


def test_it_leaves_a_channel_without_a_word(shared: Standins) -> None:
    """Its subscribers must not learn the administrators' names."""
    assert wait_until_gone(shared, brings(shared, SAM, type="channel", members=[]), SAM) == ["MikoPBX left"]

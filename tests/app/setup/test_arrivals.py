"""Who is taken for the administrator, and which group for the alerts."""

from typing import Any

import pytest

from bot.app.setup.arrivals import ALPHABET, Group, Person, group, has_code, new_code, writer

ANNA, SAM, CHAT = 11, 19, -100500
CODE = "k7m2x9qd"
USERS = {ANNA: {"id": ANNA, "is_bot": False, "first_name": "Anna", "last_name": "Ivanova", "language_code": "ru"}}


def said(text: str, person: int = ANNA, chat: int = CHAT, **more: Any) -> dict[str, Any]:
    user = USERS.get(person, {"id": person, "is_bot": False, "first_name": "Sam"})
    place = {"id": chat, "type": "private"} if chat > 0 else {"id": chat, "type": "supergroup", "title": "On call"}
    return {"message": {"from": user, "chat": place, "text": text} | more}


def added(by: int, status: str = "member", **chat: Any) -> dict[str, Any]:
    place = {"id": CHAT, "type": "supergroup", "title": "On call"} | chat
    return {"my_chat_member": {"chat": place, "from": {"id": by}, "new_chat_member": {"status": status}}}


def test_a_code_cannot_be_guessed() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {8}
    assert len(ALPHABET) ** 8 > 10**11


@pytest.mark.parametrize("text", [CODE, f"/start {CODE}", f" {CODE.upper()}\n"])
def test_the_code_is_a_word_of_the_message(text: str) -> None:
    assert has_code(said(text, chat=ANNA), CODE)
    assert writer(said(text, chat=ANNA)) == Person(ANNA, "Anna Ivanova", "ru")


@pytest.mark.parametrize("text", ["", "/start", CODE[:-1], f"x{CODE}", f"{CODE}x", "/start код🙂"])
def test_any_other_text_is_none(text: str) -> None:
    assert not has_code(said(text, chat=ANNA), CODE)
    assert not has_code({"message": {"caption": CODE}}, CODE)
    assert not has_code({"edited_message": {"text": CODE}}, CODE)


@pytest.mark.parametrize(
    "update",
    [
        said(CODE),
        {"edited_message": said(CODE, chat=ANNA)["message"]},
        said(CODE, chat=ANNA) | {"message": {"chat": {"type": "private"}, "text": CODE}},
        {"message": said(CODE, chat=ANNA)["message"] | {"from": {"id": 1, "is_bot": True, "first_name": "Bot"}}},
        {"callback_query": {}},
        {"message": None},
    ],
)
def test_only_a_message_in_private_makes_an_administrator(update: dict[str, Any]) -> None:
    assert writer(update) is None


@pytest.mark.parametrize(
    ("update", "found"),
    [
        (said("/id"), Group(CHAT, "On call")),
        (said("/id", message_thread_id=7, is_topic_message=True), Group(CHAT, "On call", 7)),
        # The id of a thread of replies is no topic.
        (said("/id", message_thread_id=7), Group(CHAT, "On call")),
        (said(f"/start@bot {CODE}", SAM), Group(CHAT, "On call")),
        (added(ANNA), Group(CHAT, "On call")),
        (added(ANNA, "administrator"), Group(CHAT, "On call")),
        (added(ANNA, "kicked"), None),
        (added(ANNA, is_forum=True), None),
        (added(ANNA, type="channel"), None),
        (added(SAM), None),
        (said("/id", SAM), None),
        (said("hello"), None),
        (said("/id", chat=ANNA), None),
        (said("/id", forward_origin={}), None),
        (said("/id", sender_chat={"id": CHAT}), None),
        ({"message": {"chat": {"id": CHAT, "type": "group"}}}, None),
    ],
)
def test_a_group_is_named_by_an_administrator_or_by_the_code(update: dict[str, Any], found: Group | None) -> None:
    assert group(update, CODE, (ANNA,)) == found

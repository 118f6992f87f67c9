"""What counts as a command, and what only looks like one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from telegram import Update

from handlers.intent import Pressed, Said, Typed, read_intent

WHEN = int(datetime(2026, 11, 23, 14, 0, tzinfo=UTC).timestamp())
ANNA = {"id": 1001, "is_bot": False, "first_name": "Anna"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Office"}


def message(text: str, **more: Any) -> dict[str, Any]:
    command = text.split()[0] if text.startswith("/") else ""
    entities = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
    return {"message_id": 7, "date": WHEN, "from": ANNA, "chat": GROUP, "text": text, "entities": entities} | more


def read(**update: Any) -> Typed | Said | Pressed | None:
    parsed = Update.de_json({"update_id": 1} | update, None)
    return read_intent(parsed, "office_bot")


def test_a_typed_command_is_read_with_its_arguments() -> None:
    typed = read(message=message("/Add_Employee 243  John Smith"))
    assert isinstance(typed, Typed)
    assert (typed.name, typed.arguments, typed.actor.id) == ("add_employee", "243  John Smith", 1001)
    assert not typed.place.private


def test_the_bot_may_be_named_and_only_this_one() -> None:
    assert read(message=message("/status@Office_Bot")) is not None
    assert read(message=message("/status@other_bot")) is None


def test_a_topic_is_remembered_and_the_general_one_is_none() -> None:
    in_topic = read(message=message("/status", message_thread_id=42, is_topic_message=True))
    in_general = read(message=message("/status", message_thread_id=42))
    assert isinstance(in_topic, Typed)
    assert isinstance(in_general, Typed)
    assert (in_topic.place.thread, in_general.place.thread) == (42, None)


OTHER_CHAT = {"id": -100600, "type": "channel", "title": "News"}


@pytest.mark.parametrize(
    "more",
    [
        {"forward_origin": {"type": "user", "date": WHEN, "sender_user": ANNA}},
        {"forward_origin": {"type": "hidden_user", "date": WHEN, "sender_user_name": "Anna"}},
        {"via_bot": {"id": 5, "is_bot": True, "first_name": "Inline"}},
        {"sender_chat": GROUP, "from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}},
        {"sender_chat": OTHER_CHAT},
        {"is_automatic_forward": True},
        {"business_connection_id": "b"},
        {"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}},
        {"from": {"id": 5, "is_bot": True, "first_name": "Robot"}},
        {"from": None},
    ],
)
def test_what_no_person_typed_here_is_not_a_command(more: dict[str, Any]) -> None:
    assert read(message=message("/status", **more)) is None


@pytest.mark.parametrize(
    "kind", ["edited_message", "channel_post", "edited_channel_post", "business_message", "edited_business_message"]
)
def test_edits_and_posts_are_not_commands(kind: str) -> None:
    assert read(**{kind: message("/status")}) is None


def test_a_command_in_the_middle_of_a_text_is_not_one() -> None:
    quoted = message("see /status", entities=[{"type": "bot_command", "offset": 4, "length": 7}])
    assert isinstance(read(message=quoted), Said)


def test_words_know_which_message_they_answer() -> None:
    question = message("The password?") | {"message_id": 5}
    said = read(message=message("s3cret", reply_to_message=question))
    assert isinstance(said, Said)
    assert (said.text, said.replied_to, said.document) == ("s3cret", 5, None)


def test_a_command_may_stand_under_a_file() -> None:
    file = {"file_id": "f", "file_unique_id": "u", "file_name": "people.csv", "file_size": 120}
    under = message("/import_employees")
    caption = {"text": None, "entities": [], "caption": under["text"], "caption_entities": under["entities"]}
    typed = read(message=under | caption | {"document": file})
    assert isinstance(typed, Typed)
    assert typed.document is not None
    assert (typed.document.name, typed.document.size) == ("people.csv", 120)
    alone = read(message=under | caption | {"document": file, "caption": None, "caption_entities": []})
    assert isinstance(alone, Said)
    assert alone.document is not None


@pytest.mark.parametrize("more", [{"via_bot": {"id": 5, "is_bot": True, "first_name": "R"}}, {"sender_chat": GROUP}])
def test_what_no_person_said_here_answers_nothing(more: dict[str, Any]) -> None:
    assert read(message=message("s3cret", **more)) is None


def press(data: str, **more: Any) -> Typed | Said | Pressed | None:
    query = {"id": "q", "from": ANNA, "chat_instance": "c", "data": data, "message": message("text")} | more
    return read(callback_query=query)


def test_a_press_carries_an_id_and_a_place_and_nothing_else() -> None:
    pressed = press("abc-_1:2:0")
    assert isinstance(pressed, Pressed)
    assert (pressed.keyboard, pressed.row, pressed.column) == ("abc-_1", 2, 0)


@pytest.mark.parametrize("data", ["", "abc", "abc:1", "abc:-1:0", "abc:x:y", "abc:1:²"])
def test_a_press_of_a_button_the_bot_did_not_make_is_nothing(data: str) -> None:
    assert press(data) is None


def test_a_press_without_its_message_is_nothing() -> None:
    assert press("abc:0:0", message=None) is None

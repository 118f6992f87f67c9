"""Parsing of updates: commands, and texts that only resemble commands."""

from datetime import UTC, datetime
from typing import Any

import pytest
from telegram import Update

from handlers.dispatch.intents import (
    ANONYMOUS,
    AddedToChat,
    AnonymousText,
    ButtonPressed,
    CommandTyped,
    Intent,
    TextSent,
)
from handlers.dispatch.update_parser import (
    EDITED,
    MESSAGE_KINDS,
    MESSAGE_REJECTIONS,
    PRESS_REJECTIONS,
    UNKNOWN_FIELDS,
    read_intent,
)

WHEN = int(datetime(2026, 11, 23, 14, 0, tzinfo=UTC).timestamp())
ANNA = {"id": 1001, "is_bot": False, "first_name": "Anna"}
PRIVATE = {"id": 1001, "type": "private", "first_name": "Anna"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Office"}


def message(text: str, **more: Any) -> dict[str, Any]:
    command = text.split()[0] if text.startswith("/") else ""
    entities = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
    return {"message_id": 7, "date": WHEN, "from": ANNA, "chat": GROUP, "text": text, "entities": entities} | more


def read(**update: Any) -> Intent | None:
    parsed = Update.de_json({"update_id": 1} | update, None)
    return read_intent(parsed, "office_bot")


def test_a_typed_command_is_read_with_its_arguments() -> None:
    typed = read(message=message("/Add_Employee 243  John Smith"))
    assert isinstance(typed, CommandTyped)
    assert (typed.name, typed.arguments, typed.actor.id) == ("add_employee", "243  John Smith", 1001)
    assert not typed.place.private


def test_the_bot_may_be_named_and_only_this_one() -> None:
    assert read(message=message("/status@Office_Bot")) is not None
    assert read(message=message("/status@other_bot")) is None


def test_in_private_a_command_to_another_bot_is_one_that_is_not_known() -> None:
    typed = read(message=message("/status@other_bot", chat=PRIVATE))
    assert isinstance(typed, CommandTyped)
    assert typed.name == "status@other_bot"


@pytest.mark.parametrize("text", ["отмена", "Отмена", "cancel", "jnvtyf", ".отмена"])
def test_the_word_for_cancelling_is_no_answer(text: str) -> None:
    typed = read(message=message(text, chat=PRIVATE))
    assert isinstance(typed, CommandTyped)
    assert typed.name == "cancel"


@pytest.mark.parametrize("text", ["отмена записи", "отменять"])
def test_other_text_with_that_word_is_one(text: str) -> None:
    assert isinstance(read(message=message(text, chat=PRIVATE)), TextSent)


def test_a_topic_is_remembered_and_the_general_one_is_none() -> None:
    in_topic = read(message=message("/status", message_thread_id=42, is_topic_message=True))
    in_general = read(message=message("/status", message_thread_id=42))
    assert isinstance(in_topic, CommandTyped)
    assert isinstance(in_general, CommandTyped)
    assert (in_topic.place.thread, in_general.place.thread) == (42, None)


OTHER_CHAT = {"id": -100600, "type": "channel", "title": "News"}


QUOTE = [{"type": "bot_command", "offset": 0, "length": 7}, {"type": "blockquote", "offset": 0, "length": 7}]
# Each is invalid in one respect.
FLAWED: dict[str, dict[str, Any]] = {
    "forwarded": {"forward_origin": {"type": "user", "date": WHEN, "sender_user": ANNA}},
    "forwarded by itself": {"is_automatic_forward": True},
    "through another bot": {"via_bot": {"id": 5, "is_bot": True, "first_name": "Inline"}},
    "an anonymous administrator": {"sender_chat": GROUP},
    "in the name of a chat": {"sender_chat": OTHER_CHAT},
    "by a business bot": {"sender_business_bot": {"id": 5, "is_bot": True, "first_name": "Business"}},
    "through a business account": {"business_connection_id": "b"},
    "posted in a channel": {"chat": OTHER_CHAT},
    "by nobody": {"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}},
    "by another bot": {"from": {"id": 5, "is_bot": True, "first_name": "Robot"}},
    "sent by itself": {"is_from_offline": True},
    "to a guest": {"guest_query_id": "g"},
    "as a post": {"is_paid_post": True},
    UNKNOWN_FIELDS: {"ephemeral_message_id": 5},
    "quoted": {"entities": QUOTE},
    "edited": {"edit_date": WHEN},
}


def test_every_flaw_has_its_example() -> None:
    assert FLAWED.keys() == {*MESSAGE_REJECTIONS, EDITED}


@pytest.mark.parametrize(
    "unknown",
    [
        *(
            "sender_mood",
            "sender_level",
            "sender_tag",
            "paid_star_count",
            "effect_id",
            "is_forwardable",
            "forward_count",
        ),
        *("automatic_translation", "inline_keyboard_hint", "is_visible", "secretariat"),
    ],
)
def test_what_is_new_and_says_nothing_of_who_typed_it_is_obeyed(unknown: str) -> None:
    typed = read(message=message("/status", **{unknown: 5}))
    assert isinstance(typed, CommandTyped)
    assert typed.rejected_because is None
    assert press("abc:0:0", **{unknown: 5}).rejected_because is None


@pytest.mark.parametrize(
    "unknown",
    [
        *("is_scheduled_by_automation", "from_scheduled", "is_delayed", "is_auto_reply", "is_automatic_response"),
        *("sent_on_behalf_of", "written_by_ai", "sender_bot", "via_app", "is_from_archive", "inline_query_id"),
        *("forward_from", "forward_date", "is_forwarded", "receiver_user", "visible_to", "is_secret_reply", "guest_id"),
    ],
)
def test_what_is_new_and_says_that_nobody_typed_it_here_is_refused(unknown: str) -> None:
    typed = read(message=message("/status", **{unknown: 5}))
    assert isinstance(typed, CommandTyped)
    assert typed.rejected_because == UNKNOWN_FIELDS
    assert press("abc:0:0", **{unknown: 5}).rejected_because == UNKNOWN_FIELDS
    # An empty field is accepted, and so is one in the bot's own message under a press.
    empty = read(message=message("/status", **{unknown: False}))
    assert isinstance(empty, CommandTyped)
    assert empty.rejected_because is None
    assert press("abc:0:0", message=message("text", **{unknown: 5})).rejected_because is None


@pytest.mark.parametrize("flaw", FLAWED)
def test_what_no_person_typed_here_is_read_with_its_flaw(flaw: str) -> None:
    typed = read(message=message("/status", **FLAWED[flaw]))
    assert isinstance(typed, CommandTyped)
    assert typed.rejected_because == flaw


@pytest.mark.parametrize("kind", [kind for kind, flaw in MESSAGE_KINDS.items() if flaw])
def test_edits_and_posts_are_flawed(kind: str) -> None:
    typed = read(**{kind: message("/status")})
    assert isinstance(typed, CommandTyped)
    assert typed.rejected_because == MESSAGE_KINDS[kind]


def test_a_message_without_an_author_is_by_nobody() -> None:
    typed = read(message=message("/status", **{"from": None}))
    assert isinstance(typed, CommandTyped)
    assert typed.rejected_because == "by nobody"


def test_a_command_in_the_middle_of_a_text_is_not_one() -> None:
    quoted = message("see /status", entities=[{"type": "bot_command", "offset": 4, "length": 7}])
    assert isinstance(read(message=quoted), TextSent)


def test_words_know_which_message_they_answer() -> None:
    question = message("The password?") | {"message_id": 5}
    said = read(message=message("s3cret", reply_to_message=question))
    assert isinstance(said, TextSent)
    assert (said.text, said.replied_to, said.document) == ("s3cret", 5, None)


def test_a_command_may_stand_under_a_file() -> None:
    file = {"file_id": "f", "file_unique_id": "u", "file_name": "people.csv", "file_size": 120}
    under = message("/import_employees")
    caption = {"text": None, "entities": [], "caption": under["text"], "caption_entities": under["entities"]}
    typed = read(message=under | caption | {"document": file})
    assert isinstance(typed, CommandTyped)
    assert typed.document is not None
    assert (typed.document.name, typed.document.size) == ("people.csv", 120)
    alone = read(message=under | caption | {"document": file, "caption": None, "caption_entities": []})
    assert isinstance(alone, TextSent)
    assert alone.document is not None


@pytest.mark.parametrize("flaw", FLAWED)
def test_what_no_person_said_here_answers_nothing(flaw: str) -> None:
    heard = read(message=message("s3cret", **(FLAWED[flaw] | {"entities": QUOTE[1:]})))
    assert heard is None or (isinstance(heard, AnonymousText) and flaw == heard.rejected_because == ANONYMOUS)


def press(data: str, **more: Any) -> ButtonPressed:
    query = {"id": "q", "from": ANNA, "chat_instance": "c", "data": data, "message": message("text")} | more
    pressed = read(callback_query=query)
    assert isinstance(pressed, ButtonPressed)
    return pressed


def test_a_press_carries_an_id_and_a_place_and_nothing_else() -> None:
    pressed = press("abc-_1:2:0")
    assert (pressed.keyboard, pressed.row, pressed.column) == ("abc-_1", 2, 0)


@pytest.mark.parametrize(
    ("carried", "is_shown"), [("abc:0:0", True), ("abc:0:1", False), ("other:0:0", False), (None, False)]
)
def test_telegram_tells_whether_the_message_has_this_very_button(carried: str | None, is_shown: bool) -> None:
    buttons = [[{"text": "Link", "url": "https://example.org"}], [{"text": "x", "callback_data": carried or "y"}]]
    assert press("abc:0:0", message=message("text", reply_markup={"inline_keyboard": buttons})).is_shown is is_shown
    assert not press("abc:0:0", message={"message_id": 7, "date": 0, "chat": GROUP}).is_shown
    assert not press("abc:0:0", message=None, inline_message_id="i").is_shown


@pytest.mark.parametrize("data", ["", "abc", "abc:1", "abc:-1:0", "abc:x:y", "abc:1:²", "a b:1:1", "abc:1:1:1"])
def test_a_press_of_a_button_the_bot_did_not_make_names_no_keyboard(data: str) -> None:
    assert press(data).keyboard == ""


FORWARDED = {"forward_origin": {"type": "user", "date": WHEN, "sender_user": ANNA}}
FLAWED_PRESSES: dict[str, dict[str, Any]] = {
    "by nobody": {"from": {"id": 1087968824, "is_bot": False, "first_name": "Group"}},
    "by another bot": {"from": {"id": 5, "is_bot": True, "first_name": "Robot"}},
    "forwarded": {"message": message("text", **FORWARDED)},
    "through another bot": {"message": message("text", via_bot={"id": 5, "is_bot": True, "first_name": "Inline"})},
    UNKNOWN_FIELDS: {"ephemeral_message_id": 5},
}


def test_every_flaw_of_a_press_has_its_example() -> None:
    assert FLAWED_PRESSES.keys() == PRESS_REJECTIONS.keys()


@pytest.mark.parametrize("flaw", FLAWED_PRESSES)
def test_a_press_that_no_person_made_here_is_read_with_its_flaw(flaw: str) -> None:
    assert press("abc:0:0", **FLAWED_PRESSES[flaw]).rejected_because == flaw


def test_a_command_knows_the_person_whose_message_it_answers() -> None:
    boris = {"id": 1002, "is_bot": False, "first_name": "Boris", "username": "boris"}
    typed = read(message=message("/grant operator", reply_to_message=message("hi") | {"from": boris}))
    assert isinstance(typed, CommandTyped)
    assert typed.reply_author is not None
    assert (typed.reply_author.id, typed.reply_author.username) == (1002, "boris")


def test_the_message_that_opened_a_topic_is_nobodys_message() -> None:
    opened = message("") | {"text": None, "forum_topic_created": {"name": "Alerts", "icon_color": 1}}
    typed = read(message=message("/grant operator", reply_to_message=opened, is_topic_message=True))
    assert isinstance(typed, CommandTyped)
    assert typed.reply_author is None


def test_a_mention_without_a_username_becomes_the_id_it_stands_for() -> None:
    text = "/grant Вера 😀 operator"
    entities = [
        {"type": "bot_command", "offset": 0, "length": 6},
        {"type": "text_mention", "offset": 7, "length": 7, "user": {"id": 1003, "is_bot": False, "first_name": "Вера"}},
    ]
    typed = read(message=message(text) | {"entities": entities})
    assert isinstance(typed, CommandTyped)
    assert typed.arguments == "1003 operator"


def joining(old: str, new: str, kind: str = "supergroup", by: dict[str, Any] = ANNA) -> Intent | None:
    bot = {"id": 7, "is_bot": True, "first_name": "Bot"}
    change = {
        "chat": {"id": -100500, "type": kind, "title": "Office"},
        "from": by,
        "date": WHEN,
        "old_chat_member": {"status": old, "user": bot, "until_date": 0},
        "new_chat_member": {"status": new, "user": bot, "until_date": 0},
    }
    return read(my_chat_member=change)


def test_being_brought_into_a_group_is_noticed_and_nothing_else() -> None:
    added = joining("left", "member")
    assert isinstance(added, AddedToChat)
    assert (added.actor.id, added.place.chat, added.rejected_because) == (1001, -100500, None)
    assert joining("member", "left") is None
    assert joining("kicked", "member", "private") is None


def test_nobody_and_other_bots_bring_the_bot_nowhere_with_a_right() -> None:
    robot = joining("left", "member", by={"id": 5, "is_bot": True, "first_name": "Robot"})
    assert isinstance(robot, AddedToChat)
    assert robot.rejected_because == "by another bot"

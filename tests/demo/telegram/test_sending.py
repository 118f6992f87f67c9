import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import BadRequest

from bot.demo.telegram import Telegram
from tests.demo.telegram.standin import ANNA, BORIS, OFFICE, ON_CALL, Clock, People

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data="ok")]])


@pytest.fixture(autouse=True)
def _patient(world: Telegram) -> None:
    world.limits.enforced = False


async def test_a_formatted_message_arrives_as_people_see_it(bot: Bot, people: People) -> None:
    preview = LinkPreviewOptions(is_disabled=True)
    sent = await bot.send_message(
        ON_CALL,
        "🔴 <b>Zadarma</b> is down, see /status",
        parse_mode="HTML",
        disable_notification=True,
        protect_content=True,
        link_preview_options=preview,
    )
    assert (sent.text, sent.link_preview_options) == ("🔴 Zadarma is down, see /status", preview)
    assert sent.parse_entities() == {sent.entities[0]: "Zadarma", sent.entities[1]: "/status"}
    assert sent.from_user is not None
    assert sent.from_user.username == "mikopbx_demo_bot"
    (shown,) = [one for one in await people.messages(BORIS, ON_CALL) if not one["service"]]
    assert (shown["id"], shown["text"], shown["silent"], shown["protected"]) == (sent.id, sent.text, True, True)
    assert shown["from"] == {"id": bot.id, "name": "MikoPBX", "is_bot": True, "username": "mikopbx_demo_bot"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Message text is empty"),
        ("  \n", "Text must be non-empty"),
        ("<b> </b>", "Text must be non-empty"),
        ("<b>x", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
        ("🔴" * 2049, "Message is too long"),
    ],
)
async def test_a_text_that_telegram_would_not_take_is_refused(bot: Bot, text: str, complaint: str) -> None:
    with pytest.raises(BadRequest) as error:
        await bot.send_message(ANNA, text, parse_mode="HTML")
    assert str(error.value).lower() == complaint.lower()


async def test_the_length_counts_after_the_tags_are_gone(bot: Bot) -> None:
    sent = await bot.send_message(ANNA, f"<b>{'&lt;' * 4096}</b>", parse_mode="HTML")
    assert sent.text == "<" * 4096


async def test_editing_changes_text_and_buttons_and_needs_a_difference(bot: Bot, people: People) -> None:
    sent = await bot.send_message(ANNA, "one", reply_markup=BUTTON)
    edited = await bot.edit_message_text("<b>two</b>", ANNA, sent.id, parse_mode="HTML", reply_markup=BUTTON)
    assert isinstance(edited, Message)
    assert (edited.text, edited.edit_date is not None, edited.reply_markup) == ("two", True, BUTTON)
    with pytest.raises(BadRequest, match=r"^Message is not modified: specified new message content and reply markup"):
        await bot.edit_message_text("<b>two</b>", ANNA, sent.id, parse_mode="HTML", reply_markup=BUTTON)
    await bot.edit_message_reply_markup(ANNA, sent.id)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text("x" * 4097, ANNA, sent.id)
    (shown,) = await people.messages(ANNA, ANNA)
    assert (shown["text"], shown["buttons"], shown["edit_date"] is not None) == ("two", [], True)


async def test_only_own_messages_that_are_there_can_be_edited(bot: Bot, people: People) -> None:
    hers = await people.write(ANNA, ON_CALL, "/status")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", ON_CALL, hers)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", ON_CALL, 999)


async def test_deleting_takes_own_messages_and_as_administrator_any(bot: Bot, people: People) -> None:
    sent, hers = await bot.send_message(ON_CALL, "one"), await people.write(ANNA, ON_CALL, "hello")
    assert await bot.delete_message(ON_CALL, sent.id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(ON_CALL, sent.id)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(ON_CALL, hers)
    await people.do("members", by=ANNA, chat=ON_CALL, user=bot.id, status="administrator")
    assert await bot.delete_messages(ON_CALL, [hers, 998])
    assert [one["text"] for one in await people.messages(ANNA, ON_CALL) if not one["service"]] == []


async def test_after_two_days_a_message_stays_for_everyone(bot: Bot, clock: Clock) -> None:
    sent = await bot.send_message(ANNA, "one")
    clock.pass_by(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(ANNA, sent.id)


async def test_a_reply_needs_its_message_unless_stated_otherwise(bot: Bot, people: People) -> None:
    hers = await people.write(ANNA, ON_CALL, "/status")
    reply = await bot.send_message(ON_CALL, "fine", reply_to_message_id=hers)
    assert reply.reply_to_message is not None
    assert (reply.reply_to_message.id, reply.reply_to_message.text) == (hers, "/status")
    assert (reply.message_thread_id, reply.is_topic_message) == (hers, None)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(ON_CALL, "fine", reply_parameters=ReplyParameters(999))
    lenient = ReplyParameters(999, allow_sending_without_reply=True)
    assert (await bot.send_message(ON_CALL, "fine", reply_parameters=lenient)).reply_to_message is None


async def test_topics_of_a_forum(bot: Bot, people: People) -> None:
    general, telephony = (await people.chat(ANNA, OFFICE))["topics"]
    sent = await bot.send_message(OFFICE, "here", message_thread_id=telephony["id"])
    assert (sent.message_thread_id, sent.is_topic_message, sent.chat.is_forum) == (telephony["id"], True, True)
    assert (await bot.send_message(OFFICE, "there")).message_thread_id is None
    for wrong in (general["id"], 999):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(OFFICE, "nowhere", message_thread_id=wrong)
    await people.do("topics", chat=OFFICE, id=telephony["id"], closed=True)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(OFFICE, "closed", message_thread_id=telephony["id"])
    await people.do("topics", chat=OFFICE, id=telephony["id"], deleted=True)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(OFFICE, "deleted", message_thread_id=telephony["id"])
    assert (await bot.send_message(ON_CALL, "no forum", message_thread_id=5)).message_thread_id is None


async def test_pinning_needs_the_right(bot: Bot, people: People) -> None:
    sent = await bot.send_message(ON_CALL, "important")
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages in the chat"):
        await bot.pin_chat_message(ON_CALL, sent.id)
    await people.do("members", by=ANNA, chat=ON_CALL, user=bot.id, status="administrator")
    assert await bot.pin_chat_message(ON_CALL, sent.id)
    pinned = (await bot.get_chat(ON_CALL)).pinned_message
    assert pinned is not None
    assert pinned.message_id == sent.id


async def test_forwards_and_copies_but_not_of_protected_messages(bot: Bot, people: People) -> None:
    hers = await people.write(ANNA, ON_CALL, "look at this")
    forwarded = await bot.forward_message(ANNA, ON_CALL, hers)
    assert forwarded.forward_origin is not None
    assert forwarded.forward_origin.type == "user"
    copied = await bot.copy_message(ANNA, ON_CALL, hers)
    assert [one["text"] for one in await people.messages(ANNA, ANNA)] == ["look at this"] * 2
    assert copied.message_id == forwarded.id + 1
    secret = await bot.send_message(ANNA, "secret", protect_content=True)
    with pytest.raises(BadRequest, match="The message can't be forwarded"):
        await bot.forward_message(ON_CALL, ANNA, secret.id)


async def test_the_bot_cannot_write_where_it_is_restricted(bot: Bot, people: People) -> None:
    await people.do("members", by=ANNA, chat=ON_CALL, user=bot.id, status="restricted")
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(ON_CALL, "x")

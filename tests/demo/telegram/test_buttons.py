import asyncio

import pytest
from telegram import Bot, CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from tests.demo.telegram.standin import ANNA, BORIS, ON_CALL, SAM, Clock, Inbox, People


def keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(f"Button {one}", callback_data=one)] for one in data])


async def test_a_press_reaches_the_bot_and_its_answer_the_person(bot: Bot, people: People, inbox: Inbox) -> None:
    sent = await bot.send_message(ON_CALL, "Take it?", reply_markup=keyboard("yes", "no"))
    press = asyncio.create_task(people.do("press", **{"as": BORIS}, chat=ON_CALL, message=sent.id, row=1, column=0))
    query = (await inbox.only()).callback_query
    assert query is not None
    assert (query.data, query.from_user.id, query.chat_instance != "") == ("no", BORIS, True)
    assert query.message is not None
    assert (query.message.message_id, query.message.chat.id) == (sent.id, ON_CALL)
    await query.answer("As you like", show_alert=True)
    assert (await press)["answer"] == {"text": "As you like", "alert": True}
    (toast,) = (await people.look("state", **{"as": BORIS}))["toasts"]
    assert (toast["text"], toast["alert"]) == ("As you like", True)
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await query.answer("again")


async def press_without_waiting(people: People, who: int, message: int, **more: object) -> str:
    body = {"as": who, "chat": ON_CALL, "message": message, "row": 0, "column": 0, "wait": 0, **more}
    return str((await people.do("press", **body))["query_id"])


async def test_a_press_is_too_old_after_150_seconds(bot: Bot, people: People, inbox: Inbox, clock: Clock) -> None:
    sent = await bot.send_message(ON_CALL, "Take it?", reply_markup=keyboard("yes"))
    query_id = await press_without_waiting(people, ANNA, sent.id)
    clock.pass_by(151)
    assert await inbox.read() == []
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query_id)


async def test_what_a_forged_client_sends_arrives_as_data(bot: Bot, people: People, inbox: Inbox) -> None:
    sent = await bot.send_message(ON_CALL, "Take it?", reply_markup=keyboard("yes"))
    await press_without_waiting(people, ANNA, sent.id, data="drop all")
    query = (await inbox.only()).callback_query
    assert query is not None
    assert query.data == "drop all"


async def test_an_answer_has_200_characters_at_most(bot: Bot, people: People) -> None:
    sent = await bot.send_message(ON_CALL, "Take it?", reply_markup=keyboard("yes"))
    query_id = await press_without_waiting(people, ANNA, sent.id)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(query_id, "x" * 201)
    assert await bot.answer_callback_query(query_id, "x" * 200)


async def test_only_a_button_that_is_there_can_be_pressed_and_only_by_members(bot: Bot, people: People) -> None:
    link = InlineKeyboardMarkup([[InlineKeyboardButton("Open", url="https://example.com")]])
    sent = await bot.send_message(ON_CALL, "Take it?", reply_markup=link)
    where = {"chat": ON_CALL, "message": sent.id, "column": 0}
    assert await people.refused("press", **{"as": ANNA}, row=1, **where) == (404, "there is no such button")
    assert await people.refused("press", **{"as": ANNA}, row=0, **where) == (
        400,
        "no press of this button reaches the bot",
    )
    assert (await people.refused("press", **{"as": SAM}, row=0, **where))[0] == 403


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        (keyboard("я" * 33), "Button_data_invalid"),
        (keyboard(*(str(number) for number in range(101))), "Reply markup is too long"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")] * 9]), "Reply markup is too long"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x", url="localhost")]]), "Inline keyboard button url"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x", copy_text=CopyTextButton("x" * 257))]]), "Button_copy_text"),
        (InlineKeyboardMarkup([[InlineKeyboardButton("x")]]), "Can't parse inline keyboard button: text buttons are"),
    ],
)
async def test_keyboards_have_limits(bot: Bot, markup: InlineKeyboardMarkup, complaint: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i)^{complaint}"):
        await bot.send_message(ANNA, "x", reply_markup=markup)


async def test_a_keyboard_at_its_limits_is_taken(bot: Bot) -> None:
    rows = [[InlineKeyboardButton("x", callback_data="я" * 32)] * 8] * 12
    sent = await bot.send_message(ANNA, "x", reply_markup=InlineKeyboardMarkup(rows))
    assert sent.reply_markup == InlineKeyboardMarkup(rows)


async def test_a_person_copies_without_a_press_that_reaches_the_bot(bot: Bot, people: People, inbox: Inbox) -> None:
    copies = InlineKeyboardMarkup([[InlineKeyboardButton("the host", copy_text=CopyTextButton("sip.zadarma.com"))]])
    sent = await bot.send_message(ON_CALL, "Zadarma", reply_markup=copies)
    assert sent.reply_markup == copies
    ((shown,),) = (await people.messages(ANNA, ON_CALL))[-1]["buttons"]
    assert shown == {"text": "the host", "kind": "copy", "copies": "sip.zadarma.com"}
    where = {"chat": ON_CALL, "message": sent.id, "row": 0, "column": 0}
    assert (await people.refused("press", **{"as": ANNA}, **where))[0] == 400
    assert await inbox.read() == []

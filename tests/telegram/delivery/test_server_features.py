"""Messages that an older Bot API server takes: the same text, without copy buttons and expandable quotations."""

from datetime import UTC
from typing import Any

import pytest

from bot.access.policy import Destination
from bot.messages.message import Message
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.messages import Keyboard
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import Refused
from tests.telegram.delivery.delivery_harness import NOON
from tests.telegram.fake_telegram import FakeTelegram, refusal

ANNA = 42
CARD = Message("quotation", {"lines": ["12:00 It began", "12:01 Told: Anna <on call>"]})
REFRESH = {"label": "Refresh", "action": "incident.details", "data": {}}
# As tdlib/telegram-bot-api and tdlib answer: of before 7.0, before 7.4, and before 7.11.
BEFORE_QUOTATIONS = 'Bad Request: can\'t parse entities: Unsupported start tag "blockquote" at byte offset 10'
BEFORE_EXPANDABLE = (
    "Bad Request: can't parse entities: Expected equal sign in declaration of an attribute of the tag "
    '"blockquote" at byte offset 10'
)
BEFORE_COPY_BUTTONS = (
    "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
)


def keyboard() -> Keyboard:
    copied = {"label": "+7 916 111-11-11", "copy": "+79161111111"}
    return new_keyboard(ANNA, [[copied, REFRESH], [copied]], now=NOON, station="")


async def shown(sender: Sender, telegram: FakeTelegram) -> str:
    """Send the card; return its text and the labels as they arrived."""
    await sender.send(Destination(ANNA), CARD, zone=UTC, now=NOON, keyboard=keyboard())
    return arrived(telegram)


def arrived(telegram: FakeTelegram) -> str:
    last = telegram.calls[-1].parameters
    rows = last.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
    return f"{last['text']} {[[button['text'] for button in row] for row in rows]}"


FULL = (
    "Card\n<blockquote expandable>12:00 It began\n12:01 Told: Anna &lt;on call&gt;</blockquote>\nEnd"
    " [['+7 916 111-11-11', 'Refresh'], ['+7 916 111-11-11']]"
)
UNFOLDED = FULL.replace("<blockquote expandable>", "").replace("</blockquote>", "")
NOTHING_TO_COPY = "[['Refresh']]"


async def test_a_server_of_today_gets_all_of_it_at_once(sender: Sender, telegram: FakeTelegram) -> None:
    assert await shown(sender, telegram) == FULL
    assert len(telegram.calls) == 1


@pytest.mark.parametrize("answer", [BEFORE_QUOTATIONS, BEFORE_EXPANDABLE])
async def test_an_older_server_gets_the_same_text_unfolded_and_is_asked_once(
    sender: Sender, telegram: FakeTelegram, answer: str
) -> None:
    telegram.failures[ANNA].append(refusal(400, answer))
    assert await shown(sender, telegram) == UNFOLDED
    assert telegram.calls[-1].parameters["parse_mode"] == "HTML"
    assert await shown(sender, telegram) == UNFOLDED
    assert len(telegram.calls) == 3


async def test_an_older_server_gets_the_other_buttons_and_is_asked_once(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[ANNA].append(refusal(400, BEFORE_COPY_BUTTONS))
    without = FULL.split(" [[")[0] + " " + NOTHING_TO_COPY
    assert await shown(sender, telegram) == without
    await sender.edit(ANNA, 101, CARD, zone=UTC, now=NOON, keyboard=keyboard())
    assert arrived(telegram) == without
    assert len(telegram.calls) == 3


async def test_a_press_keeps_its_place_where_the_buttons_before_it_are_left_out(
    sender: Sender, telegram: FakeTelegram
) -> None:
    telegram.failures[ANNA].append(refusal(400, BEFORE_COPY_BUTTONS))
    await shown(sender, telegram)
    ((refresh,),) = telegram.calls[-1].parameters["reply_markup"]["inline_keyboard"]
    assert refresh["callback_data"].endswith(":0:1")


async def test_the_oldest_server_gets_neither(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[ANNA].extend([refusal(400, BEFORE_COPY_BUTTONS), refusal(400, BEFORE_QUOTATIONS)])
    assert await shown(sender, telegram) == UNFOLDED.split(" [[")[0] + " " + NOTHING_TO_COPY
    assert len(telegram.calls) == 3


async def test_a_mistake_in_a_template_takes_the_quotations_from_that_message_only(
    sender: Sender, telegram: FakeTelegram
) -> None:
    mistake = "Bad Request: can't parse entities: Unclosed start tag at byte offset 3"
    telegram.failures[ANNA].extend([refusal(400, mistake), refusal(400, mistake)])
    await shown(sender, telegram)
    assert "parse_mode" not in telegram.calls[-1].parameters
    assert telegram.calls[-1].text == "Card\n12:00 It began\n12:01 Told: Anna <on call>\nEnd"
    assert await shown(sender, telegram) == FULL


async def test_a_refusal_of_anything_else_is_no_reason_to_leave_something_out(
    sender: Sender, telegram: FakeTelegram
) -> None:
    telegram.failures[ANNA].append(refusal(400, "Bad Request: CHAT_ADMIN_REQUIRED"))
    with pytest.raises(Refused):
        await shown(sender, telegram)
    assert await shown(sender, telegram) == FULL


async def test_a_button_that_is_refused_for_another_reason_is_not_tried_for_ever(
    sender: Sender, telegram: FakeTelegram
) -> None:
    telegram.failures[ANNA].extend([refusal(400, "Bad Request: BUTTON_DATA_INVALID")] * 2)
    with pytest.raises(Refused):
        await shown(sender, telegram)
    assert len(telegram.calls) == 2
    assert await shown(sender, telegram) == FULL


@pytest.mark.parametrize(
    ("copied", "masked", "offered"),
    [
        ("+79161111111", True, False),
        ("84951234567", True, False),
        ("7654321.sip.example.com", True, False),
        ("+79161111111", False, True),
        ("201", True, True),
        ("sip.zadarma.com", True, True),
        ("203.0.113.40:5060", True, True),
    ],
)
async def test_a_masked_number_cannot_be_copied_either(
    sender: Sender, telegram: FakeTelegram, copied: str, masked: bool, offered: bool
) -> None:
    rows: list[list[dict[str, Any]]] = [[{"label": copied, "copy": copied}], [REFRESH]]
    asked = new_keyboard(ANNA, rows, now=NOON, station="")
    await sender.send(Destination(ANNA), CARD, zone=UTC, now=NOON, keyboard=asked, masked=masked)
    await sender.edit(ANNA, 101, CARD, zone=UTC, now=NOON, keyboard=asked, masked=masked)
    for call in telegram.calls:
        (*before, (refresh,)) = call.parameters["reply_markup"]["inline_keyboard"]
        assert before == ([[{"text": copied, "copy_text": {"text": copied}}]] if offered else [])
        assert refresh["callback_data"] == f"{asked.id}:1:0"

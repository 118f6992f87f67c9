"""Single calls to Telegram, and the results derived from the answers."""

import asyncio
from datetime import UTC

import pytest
from starlette.responses import JSONResponse, Response
from telegram import BotCommand, BotCommandScopeAllPrivateChats

from bot.access.policy import Destination
from bot.messages.message import File, Message
from bot.messages.sanitize import shortened, units
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.telegram.chat_access import ChatInfo
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError, MaybeDelivered, Refused, TryLater, Undeliverable
from tests.telegram.delivery.delivery_harness import NOON
from tests.telegram.fake_telegram import FakeTelegram, garbled, refusal

TEAM, ANNA = -1001, 42
HELLO = Message("plain", {"text": "hello"})


async def test_a_message_shows_no_previews_and_keeps_what_was_asked_of_it(
    sender: Sender, telegram: FakeTelegram
) -> None:
    secret = Message("plain", {"text": "hello"}, silent=True, protected=True)
    sent = await sender.send(Destination(TEAM, 5), secret, zone=UTC, now=NOON, reply_to=9)
    (call,) = telegram.calls
    assert sent == 101
    assert call.parameters == {
        "chat_id": TEAM,
        "text": "hello",
        "parse_mode": "HTML",
        "message_thread_id": 5,
        "disable_notification": True,
        "protect_content": True,
        "link_preview_options": {"is_disabled": True},
        "reply_parameters": {"message_id": 9, "allow_sending_without_reply": True},
    }


async def test_a_reply_to_a_message_that_is_gone_is_sent_by_itself(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(400, "Bad Request: message to be replied not found"))
    assert await sender.send(Destination(TEAM), HELLO, zone=UTC, now=NOON, reply_to=9) == 101


async def test_while_a_chat_is_told_to_wait_it_is_not_called_again(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 3600", retry_after=36_000))
    for _ in range(2):
        with pytest.raises(TryLater):
            await sender.send(Destination(TEAM), HELLO, zone=UTC, now=NOON)
    assert len(telegram.calls) == 1
    await sender.send(Destination(ANNA), HELLO, zone=UTC, now=NOON)


async def test_a_lost_answer_is_reported_and_not_repeated(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].extend([garbled(), garbled()])
    with pytest.raises(MaybeDelivered):
        await sender.edit(TEAM, 9, HELLO, zone=UTC, now=NOON)
    with pytest.raises(MaybeDelivered):
        await sender.send(Destination(TEAM), HELLO, zone=UTC, now=NOON)
    assert len(telegram.calls) == 2


async def test_deleting_what_is_gone_already_is_done(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[ANNA].append(refusal(400, "Bad Request: message to delete not found"))
    assert not await sender.delete(ANNA, 9)
    assert await sender.delete(ANNA, 10)


async def test_what_others_wrote_stays_where_the_bot_may_not_delete(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(400, "Bad Request: message can't be deleted"))
    assert not await sender.delete(TEAM, 9)


async def test_a_file_keeps_its_name_its_bytes_and_its_caption(sender: Sender, telegram: FakeTelegram) -> None:
    file = File("people.csv", b"243;John", caption=Message("plain", {"text": "<b> & Co"}))
    assert await sender.send_file(Destination(TEAM, 5), file, zone=UTC, now=NOON) == 101
    (call,) = telegram.to(TEAM, "sendDocument")
    assert (call.parameters["document"], call.parameters["message_thread_id"]) == (b"243;John", 5)
    assert (call.parameters["caption"], call.parameters["parse_mode"]) == ("&lt;b&gt; &amp; Co", "HTML")


async def test_a_long_caption_is_cut_to_what_telegram_takes(sender: Sender, telegram: FakeTelegram) -> None:
    lines = Message("lines", {"lines": ["x" * 90] * 40})
    await sender.send_file(Destination(TEAM), File("a.csv", b"x", caption=lines), zone=UTC, now=NOON)
    caption = telegram.calls[0].parameters["caption"]
    assert len(caption) <= 1024
    assert "more lines" in caption


async def test_a_button_bears_whatever_name_there_is(sender: Sender, telegram: FakeTelegram) -> None:
    names = {"Zadarma": "Zadarma", "\u200b\u202e": "–", "x" * 300: "x" * 63 + "…", "sip.zadarma.com": "sip.zadarma.com"}
    keyboard = new_keyboard(ANNA, [[{"label": name} for name in names]], now=NOON, station="")
    await sender.send(Destination(ANNA), HELLO, zone=UTC, now=NOON, keyboard=keyboard)
    (row,) = telegram.calls[0].parameters["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in row] == list(names.values())


async def test_a_recording_comes_as_something_to_play(sender: Sender, telegram: FakeTelegram) -> None:
    file = File("call.mp3", b"ID3", "audio", title="243\n→ \u202e252", performer="Head office", seconds=48)
    await sender.send_file(Destination(ANNA), file, zone=UTC, now=NOON)
    (call,) = telegram.to(ANNA, "sendAudio")
    assert (call.parameters["title"], call.parameters["performer"], call.parameters["duration"]) == (
        "243 → 252",
        "Head office",
        48,
    )
    assert "caption" not in call.parameters


async def test_a_picture_comes_as_something_to_look_at(sender: Sender, telegram: FakeTelegram) -> None:
    file = File("chart.png", b"PNG", "photo", caption=HELLO)
    assert await sender.send_file(Destination(TEAM, 5), file, zone=UTC, now=NOON) == 101
    (call,) = telegram.to(TEAM, "sendPhoto")
    assert (call.parameters["photo"], call.parameters["message_thread_id"]) == (b"PNG", 5)
    assert call.parameters["parse_mode"] == "HTML"


async def test_a_file_too_large_for_telegram_is_refused_as_such(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[ANNA].append(refusal(413, "Request Entity Too Large"))
    with pytest.raises(DeliveryError):
        await sender.send_file(Destination(ANNA), File("a", b"x"), zone=UTC, now=NOON)


async def test_a_file_that_a_person_sent_is_fetched(sender: Sender, telegram: FakeTelegram) -> None:
    assert await sender.download("f") == b"243;John"
    telegram.failures[0].append(refusal(400, "Bad Request: file is too big"))
    with pytest.raises(DeliveryError):
        await sender.download("f")


async def test_a_question_opens_a_reply_in_the_askers_own_telegram(sender: Sender, telegram: FakeTelegram) -> None:
    await sender.send(Destination(TEAM), HELLO, zone=UTC, now=NOON, reply_to=9, wants_answer=True)
    assert telegram.calls[0].parameters["reply_markup"] == {"force_reply": True, "selective": True}


async def test_answering_a_press_too_late_is_no_failure(sender: Sender, telegram: FakeTelegram) -> None:
    late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    telegram.failures[0].append(refusal(400, late))
    await sender.answer("123", "done")
    await sender.answer("124", "x" * 500, alert=True)
    assert telegram.calls[1].text == "x" * 199 + "…"


async def test_a_press_that_telegram_would_rather_have_answered_later_is_answered_while_it_waits(
    sender: Sender, telegram: FakeTelegram
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    sender.presses._sleep = sleep
    telegram.failures[0].extend(refusal(429, "Too Many Requests", retry_after=seconds) for seconds in (4, 5))
    await sender.answer("123", "taken")
    await asyncio.gather(*sender.presses._answering)
    assert (len(telegram.calls), slept) == (3, [4, 5])
    telegram.failures[0].extend(refusal(429, "Too Many Requests", retry_after=seconds) for seconds in (9, 9))
    await sender.answer("124", "taken")
    await asyncio.gather(*sender.presses._answering)
    assert (len(telegram.calls), slept) == (5, [4, 5, 9])


@pytest.mark.parametrize("text", ["📞" * 150, "x" + "👨‍👩‍👧" * 60, "a" * 201])
def test_what_is_too_long_is_cut_between_characters_and_counted_as_telegram_counts(text: str) -> None:
    short = shortened(text, 200)
    assert 190 <= units(short) <= 200
    assert short.endswith("…")
    assert not short[:-1].endswith("\u200d")
    assert shortened(text, 1000) == text


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("Forbidden: bot was blocked by the user", 403),
        ("Forbidden: bot can't initiate conversation with a user", 403),
        ("Bad Request: chat not found", 400),
    ],
)
async def test_a_person_who_never_opened_the_bot_cannot_be_written_to(
    sender: Sender, telegram: FakeTelegram, description: str, code: int
) -> None:
    telegram.failures[ANNA].append(refusal(code, description))
    assert not await sender.can_write_to(ANNA)
    assert await sender.can_write_to(ANNA)


async def test_an_edit_in_a_chat_that_threw_the_bot_out_says_so(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(403, "Forbidden: bot was kicked from the supergroup chat"))
    with pytest.raises(Undeliverable):
        await sender.edit(TEAM, 9, HELLO, zone=UTC, now=NOON)


async def test_a_menu_waits_as_long_as_telegram_says_and_is_then_set(sender: Sender, telegram: FakeTelegram) -> None:
    telegram.failures[0].append(refusal(429, "Too Many Requests: retry after 20", retry_after=20))
    await sender.set_menu([BotCommand("status", "How the trunks are")], BotCommandScopeAllPrivateChats())
    assert [call.method for call in telegram.calls] == ["setMyCommands"] * 2
    telegram.failures[0].append(refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH"))
    with pytest.raises(Refused):
        await sender.set_menu(None, BotCommandScopeAllPrivateChats())


async def test_that_a_topic_is_lost_is_told_once(
    sender: Sender, database: Database, pace: RateLimiter, telegram: FakeTelegram
) -> None:
    told: list[Destination] = []

    async def lost(topic: Destination) -> None:
        told.append(topic)

    delivery = Sender(sender._bot, database, sender._renderer, pace, topic_lost=lost)
    for _ in range(2):
        telegram.failures[TEAM].append(refusal(400, "Bad Request: TOPIC_CLOSED"))
        await delivery.send(Destination(TEAM, 5), HELLO, zone=UTC, now=NOON)
    assert told == [Destination(TEAM, 5)]
    assert len(telegram.to(TEAM)) == 4


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (refusal(400, "Bad Request: chat not found"), ChatInfo(blocked="Chat not found")),
        (
            refusal(403, "Forbidden: bot was kicked from the supergroup chat"),
            ChatInfo(blocked="Forbidden: bot was kicked from the supergroup chat"),
        ),
        (refusal(500, "Internal Server Error"), ChatInfo()),
        (JSONResponse({"ok": True, "result": {"id": 42, "type": "private", "first_name": "Anna"}}), ChatInfo("")),
    ],
)
async def test_a_chat_is_looked_at_without_a_trace(
    sender: Sender, telegram: FakeTelegram, answer: Response, seen: ChatInfo
) -> None:
    telegram.failures[ANNA].append(answer)
    assert await sender.seen(ANNA) == seen
    assert [call.method for call in telegram.calls] == ["getChat"]

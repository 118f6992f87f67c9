import asyncio
import datetime
import time

import httpx
import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.demo.telegram import app, populated
from tests.demo.telegram.standin import ANNA, ON_CALL, TOKEN, People, serving


async def texts(people: People) -> list[str]:
    chats = (await people.look("state", **{"as": ANNA}))["chats"]
    return [message["text"] for chat in chats if chat["id"] == ANNA for message in chat["messages"]]


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("server_error", NetworkError, "Internal Server Error"),
        ("html", NetworkError, "502"),
        ("conflict", Conflict, "terminated by other getUpdates request"),
        ("unauthorized", InvalidToken, "Unauthorized"),
        ("forbidden", Forbidden, "bot was blocked by the user"),
        ("bad_request", BadRequest, "Chat_admin_required"),
        ("cut", NetworkError, "Server disconnected|ReadError"),
    ],
)
async def test_a_fault_meets_one_call_and_that_is_not_carried_out(
    bot: Bot, people: People, kind: str, error: type[TelegramError], words: str
) -> None:
    await people.do("faults", kind=kind)
    with pytest.raises(error, match=words):
        await bot.send_message(ANNA, "lost")
    await bot.send_message(ANNA, "arrived")
    assert await texts(people) == ["arrived"]


async def test_a_lost_answer_is_a_message_that_people_have(bot: Bot, people: People) -> None:
    await people.do("faults", kind="lost_answer", methods=["sendMessage"])
    with pytest.raises(NetworkError):
        await bot.send_message(ANNA, "arrived")
    assert await texts(people) == ["arrived"]
    calls = (await people.look("log"))["calls"]
    (call,) = [call for call in calls if call["method"] == "sendMessage"]
    assert (call["ok"], call["params"]["text"], call["result"]["text"]) == (True, "arrived", "arrived")


async def test_a_slow_answer_comes_after_the_message(bot: Bot, people: People) -> None:
    await people.do("faults", kind="slow", seconds=0.3)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await bot.send_message(ANNA, "arrived", read_timeout=0.1)
    assert time.monotonic() - began < 0.3
    assert await texts(people) == ["arrived"]
    await asyncio.sleep(0.25)


async def test_faults_can_be_for_one_method_or_one_chat_and_last_until_cleared(bot: Bot, people: People) -> None:
    await people.do("faults", kind="rate_limit", methods=["sendMessage"], chat=ON_CALL, count=-1, retry_after=7)
    for _ in range(3):
        with pytest.raises(RetryAfter) as error:
            await bot.send_message(ON_CALL, "x")
        assert error.value.retry_after == datetime.timedelta(seconds=7)
    await bot.send_message(ANNA, "another chat")
    await bot.send_document(ON_CALL, b"another method")
    await people.do("faults", kind="none")
    await bot.send_message(ON_CALL, "x")


async def test_a_fault_can_have_words_of_its_own(bot: Bot, people: People) -> None:
    await people.do("faults", kind="forbidden", description="Forbidden: user is deactivated")
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(ANNA, "x")
    assert (await people.refused("faults", kind="earthquake"))[0] == 400


async def test_a_server_that_ends_waits_for_nobodys_long_poll() -> None:
    async with httpx.AsyncClient(timeout=40) as http:
        async with serving(app(populated())) as address:
            poll = asyncio.create_task(http.get(f"{address}/bot{TOKEN}/getUpdates?timeout=30"))
            await asyncio.sleep(0.1)
            began = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            await poll
    assert time.monotonic() - began < 1

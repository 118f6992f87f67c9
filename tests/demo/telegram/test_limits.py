import datetime

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from bot.demo.telegram.limits import PublicLimits
from tests.demo.telegram.standin import ANNA, ON_CALL, People


class Hand:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_a_chat_takes_one_message_a_second_after_a_small_burst() -> None:
    now = Hand()
    limits = PublicLimits(now)
    assert [limits.spend(1) for _ in range(4)] == [0, 0, 0, 1]
    assert limits.spend(2) == 0
    now.time += 1
    assert [limits.spend(1), limits.spend(1)] == [0, 1]


def test_a_group_takes_twenty_messages_a_minute() -> None:
    now = Hand()
    limits = PublicLimits(now)
    for _ in range(20):
        assert limits.spend(-1) == 0
        now.time += 1
    assert limits.spend(-1) == 40
    now.time += 40
    assert limits.spend(-1) == 0


def test_all_chats_together_take_thirty_messages_a_second() -> None:
    limits = PublicLimits(Hand())
    assert [limits.spend(chat) for chat in range(31)] == [0] * 30 + [1]


async def test_too_many_calls_are_answered_with_when_to_come_back(bot: Bot, people: People) -> None:
    sent = await bot.send_message(ON_CALL, "1")
    await bot.edit_message_text("2", ON_CALL, sent.id)
    await bot.delete_message(ON_CALL, sent.id)
    with pytest.raises(RetryAfter) as error:
        await bot.send_message(ON_CALL, "4")
    assert error.value.retry_after == datetime.timedelta(seconds=1)
    await bot.send_message(ANNA, "another chat")
    await people.do("limits", enforced=False)
    await bot.send_message(ON_CALL, "4")


def test_menus_are_taken_at_a_pace_of_their_own() -> None:
    now = Hand()
    limits = PublicLimits(now)
    assert [limits.spend_profile() for _ in range(21)] == [0] * 20 + [10]
    assert limits.spend(1) == 0
    now.time += 10
    assert limits.spend_profile() == 0

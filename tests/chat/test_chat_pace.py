"""Never faster than Telegram allows, never slower for one chat because of another."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.errors import TryLater
from bot.chat.pace import REMEMBERED_CHATS, Pace

PERSON, GROUP = 7, -7


class Time:
    """A clock that moves when somebody sleeps; several may sleep at once."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + max(seconds, 0.001)
        await asyncio.sleep(0)
        self.now = max(self.now, until)


def busiest(times: list[float], seconds: float) -> int:
    """The most calls in any stretch of so many seconds."""
    return max((sum(start <= t < start + seconds for t in times) for start in times), default=0)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, -1, -2]), st.floats(0, 5)), max_size=120))
async def test_no_order_of_calls_exceeds_the_public_rates(calls: list[tuple[int, float]]) -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    given_turns: list[tuple[int, float]] = []
    for chat, idle in calls:
        time.now += idle
        await pace.turn(chat)
        given_turns.append((chat, time.now))
    assert busiest([at for _, at in given_turns], 1.0) <= 30
    for chat in {chat for chat, _ in given_turns}:
        times = [at for c, at in given_turns if c == chat]
        assert busiest(times, 3.0) <= 3
        if chat < 0:
            assert busiest(times, 60.0) <= 20


async def test_many_chats_at_once_stay_under_the_overall_rate() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    times: list[float] = []

    async def write(chat: int) -> None:
        await pace.turn(chat)
        times.append(time.now)

    await asyncio.gather(*(write(chat) for chat in range(1, 101)))
    assert len(times) == 100
    assert busiest(times, 1.0) <= 30


async def test_an_answer_after_a_quiet_time_does_not_wait() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    for _ in range(3):
        await pace.turn(GROUP)
    assert time.now == 1000.0


async def test_a_chat_that_was_told_to_wait_is_not_called_and_the_others_are() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    pace.hold(GROUP, 30)
    with pytest.raises(TryLater) as caught:
        await pace.turn(GROUP)
    assert caught.value.after == pytest.approx(30)
    await pace.turn(PERSON)
    assert time.now == 1000.0
    await pace.ready(GROUP)
    assert time.now >= 1030.0
    await pace.turn(GROUP)


async def test_chats_that_were_written_to_long_ago_are_forgotten() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    for chat in range(1, REMEMBERED_CHATS + 50):
        time.now += 5
        await pace.turn(chat)
    assert len(pace._chats) < REMEMBERED_CHATS

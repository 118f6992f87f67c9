"""Rate limiter: within Telegram's limits, and one chat never slows another."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.messages.outbox import Urgency
from bot.telegram.delivery.rate_limiter import MAX_CHATS, RateLimiter
from bot.telegram.errors import TryLater
from tests.fixtures.examples import examples

PERSON, GROUP = 7, -7


class Time:
    """Clock that advances when all tasks sleep, to the first wake-up."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._asleep: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + max(seconds, 0.001)
        self._asleep.append(until)
        # By the next turn all other tasks are asleep too.
        await asyncio.sleep(0)
        while self.now < until:
            if min(self._asleep) == until:
                self.now = until
            else:
                await asyncio.sleep(0)
        self._asleep.remove(until)


def busiest(times: list[float], seconds: float) -> int:
    """Return the largest number of calls in any interval of `seconds`."""
    return max((sum(start <= t < start + seconds for t in times) for start in times), default=0)


@examples(daily=20, ci=60)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, -1, -2]), st.floats(0, 5)), max_size=120))
async def test_no_order_of_calls_exceeds_the_public_rates(calls: list[tuple[int, float]]) -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    given_turns: list[tuple[int, float]] = []
    for chat, idle in calls:
        time.now += idle
        await pace.acquire(chat)
        given_turns.append((chat, time.now))
    assert busiest([at for _, at in given_turns], 1.0) <= 30
    for chat in {chat for chat, _ in given_turns}:
        times = [at for c, at in given_turns if c == chat]
        assert busiest(times, 3.0) <= 3
        if chat < 0:
            assert busiest(times, 60.0) <= 20


async def test_many_chats_at_once_stay_under_the_overall_rate() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    times: list[float] = []

    async def write(chat: int) -> None:
        await pace.acquire(chat)
        times.append(time.now)

    await asyncio.gather(*(write(chat) for chat in range(1, 101)))
    assert len(times) == 100
    assert busiest(times, 1.0) <= 30


async def test_an_answer_after_a_quiet_time_does_not_wait() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    for _ in range(3):
        await pace.acquire(GROUP)
    assert time.now == 1000.0


async def test_when_not_all_can_go_the_most_urgent_go_first() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    went: list[tuple[float, Urgency]] = []

    async def write(chat: int, urgency: Urgency) -> None:
        await pace.acquire(chat, urgency)
        went.append((time.now, urgency))

    for chat in range(1, 29):
        await pace.acquire(chat)
    later = [Urgency.DIGEST, Urgency.EDIT, Urgency.ANSWER, Urgency.RESOLVE, Urgency.PAGE] * 20
    await asyncio.gather(*(write(chat, urgency) for chat, urgency in enumerate(later, start=100)))
    assert [urgency for _, urgency in sorted(went)] == sorted(later)


@examples(daily=20, ci=60)
@given(st.lists(st.tuples(st.sampled_from([1, 2, -1]), st.sampled_from(Urgency)), min_size=1, max_size=60))
async def test_whatever_waits_in_a_chat_goes_in_the_order_of_its_urgency(calls: list[tuple[int, Urgency]]) -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    went: dict[int, list[tuple[float, Urgency, int]]] = {1: [], 2: [], -1: []}
    for chat in went:
        for _ in range(3):
            await pace.acquire(chat)

    async def write(number: int, chat: int, urgency: Urgency) -> None:
        await pace.acquire(chat, urgency)
        went[chat].append((time.now, urgency, number))

    await asyncio.gather(*(write(number, *call) for number, call in enumerate(calls)))
    assert sum(map(len, went.values())) == len(calls)
    for turns in went.values():
        order = [(urgency, number) for _, urgency, number in sorted(turns)]
        assert order == sorted(order)


async def test_a_group_full_of_edits_takes_a_page() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    for _ in range(14):
        await pace.acquire(GROUP, Urgency.EDIT)
        time.now += 4
    began = time.now
    edit = asyncio.create_task(pace.acquire(GROUP, Urgency.EDIT))
    await pace.acquire(GROUP, Urgency.PAGE)
    assert time.now == began
    await edit
    assert time.now > began


async def test_a_turn_kept_for_what_follows_is_used_once() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    for _ in range(3):
        await pace.reserve(PERSON, Urgency.PAGE)
    began = time.now
    for _ in range(3):
        await pace.acquire(PERSON)
    assert time.now == began
    await pace.acquire(PERSON)
    assert time.now > began + 3


async def test_a_chat_that_is_rate_limited_is_not_called_and_the_others_are() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    pace.pause(GROUP, 30)
    with pytest.raises(TryLater) as caught:
        await pace.acquire(GROUP)
    assert caught.value.after == pytest.approx(30)
    await pace.acquire(PERSON)
    assert time.now == 1000.0
    await pace.reserve(GROUP, Urgency.ANSWER)
    assert time.now >= 1030.0
    await pace.acquire(GROUP)


async def test_chats_that_were_written_to_long_ago_are_forgotten() -> None:
    time = Time()
    pace = RateLimiter(time.clock, time.sleep)
    for chat in range(1, MAX_CHATS + 50):
        time.now += 5
        await pace.acquire(chat)
    assert len(pace._chats) < MAX_CHATS

"""Concurrent equal requests share one exchange."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.pbx import Pbx, ServerError, TrunkDraft


class Slow:
    """PBX that answers on demand."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self._status = status

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        if request.method == "GET":
            await self.answers.wait()
        data = {} if request.method == "GET" else {"id": "SIP-1"}
        return httpx.Response(self._status, json={"result": self._status == 200, "data": data, "messages": []})

    def pbx(self) -> Pbx:
        async def sleep(_seconds: float) -> None:
            return None

        transport = httpx.MockTransport(self.handle)
        return Pbx("https://pbx.example.com", SecretStr("deadbeef" * 8), transport=transport, sleep=sleep)


async def begun(*questions: Any) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.ensure_future(question) for question in questions]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def test_many_who_ask_the_same_at_once_cost_one_request() -> None:
    slow = Slow()
    async with slow.pbx() as pbx:
        tasks = await begun(*(pbx.trunks.statuses() for _ in range(50)))
        slow.answers.set()
        answers = await asyncio.gather(*tasks)
        assert slow.asked == ["GET"]
        assert all(answer == answers[0] for answer in answers)

        await pbx.trunks.statuses()
        assert slow.asked == ["GET", "GET"]


async def test_another_question_is_another_request() -> None:
    slow = Slow()
    async with slow.pbx() as pbx:
        slow.answers.set()
        await asyncio.gather(pbx.trunks.statuses(), pbx.trunks.statuses(fresh=True), pbx.extensions.statuses())
        assert slow.asked == ["GET"] * 3


async def test_who_stops_waiting_leaves_the_others_their_answer() -> None:
    slow = Slow()
    async with slow.pbx() as pbx:
        first, second = await begun(pbx.trunks.statuses(), pbx.trunks.statuses())
        first.cancel()
        slow.answers.set()
        assert (await second).value == {}
        assert first.cancelled()
        assert slow.asked == ["GET"]


async def test_a_failure_is_everybodys() -> None:
    slow = Slow(status=500)
    async with slow.pbx() as pbx:
        slow.answers.set()
        failed = await asyncio.gather(*(pbx.trunks.statuses() for _ in range(2)), return_exceptions=True)
        assert [type(one) for one in failed] == [ServerError, ServerError]
        # Three attempts, shared by both.
        assert slow.asked == ["GET"] * 3


async def test_after_a_write_nobody_is_given_what_was_asked_before_it() -> None:
    slow = Slow()
    async with slow.pbx() as pbx:
        (before,) = await begun(pbx.trunks.statuses())
        await pbx.trunks.update("SIP-1", TrunkDraft(note="x"))
        (after,) = await begun(pbx.trunks.statuses())
        slow.answers.set()
        await asyncio.gather(before, after)
        assert slow.asked == ["GET", "PATCH", "GET"]


async def test_nobody_waits_for_a_failure_and_nothing_complains() -> None:
    slow = Slow(status=500)
    async with slow.pbx() as pbx:
        (only,) = await begun(pbx.trunks.statuses())
        only.cancel()
        slow.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await only
        await asyncio.sleep(0.01)

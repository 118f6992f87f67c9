"""Connections to Telegram that are all taken and never come back: a real wedge, and the way out of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from telegram.error import TelegramError

from bot.chat import pools
from bot.chat.errors import DeliveryError, MaybeDelivered, TryLater, classify
from bot.chat.pools import Pool


@dataclass
class Wedge:
    """A pool of two: of one connection the answer is never read, the other waits for an answer that does not come."""

    pool: Pool
    address: str
    asked: asyncio.Event
    now: float = 0.0
    on_its_way: "asyncio.Task[tuple[int, bytes]]" = field(init=False)

    async def sets_in(self) -> None:
        self.unread = self.pool._client.stream("GET", self.address)
        await self.unread.__aenter__()
        self.on_its_way = asyncio.create_task(self.pool.do_request(self.address + "/never", "POST"))
        await asyncio.wait_for(self.asked.wait(), 30)

    async def fails(self) -> DeliveryError:
        with pytest.raises(TelegramError) as failed:
            await self.pool.do_request(self.address, "POST")
        return classify(failed.value)


@pytest.fixture
async def wedge() -> AsyncIterator[Wedge]:
    asked = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            if b"/never" in await reader.readuntil(b"\r\n\r\n"):
                asked.set()
                await reader.read()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        pool = Pool(connection_pool_size=2, pool_timeout=0.01, read_timeout=60, clock=lambda: stuck.now)
        await pool.initialize()
        stuck = Wedge(pool, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked)
        await stuck.sets_in()
        yield stuck
        stuck.on_its_way.cancel()
        await pool.shutdown()


async def test_a_pool_that_is_stuck_is_made_anew_and_nothing_is_taken_for_delivered_or_lost(wedge: Wedge) -> None:
    for wedge.now in (0, pools.STUCK_AFTER / 2, pools.STUCK_AFTER):
        # None of these was written to anybody.
        assert isinstance(await wedge.fails(), TryLater)
    assert await wedge.pool.do_request(wedge.address, "POST") == (200, b"ok")
    # This one was.
    with pytest.raises(TelegramError) as cut:
        await asyncio.wait_for(wedge.on_its_way, 30)
    assert isinstance(classify(cut.value), MaybeDelivered)


async def test_a_short_crowd_is_no_reason_to_cut_what_is_on_its_way(wedge: Wedge) -> None:
    for wedge.now in range(10):
        assert isinstance(await wedge.fails(), TryLater)
    wedge.now = pools.STUCK_AFTER - 1
    assert isinstance(await wedge.fails(), TryLater)
    assert not wedge.on_its_way.done()


async def test_telegram_being_away_leaves_the_connections_alone() -> None:
    now = 0.0
    pool = Pool(connection_pool_size=1, connect_timeout=1, clock=lambda: now)
    await pool.initialize()
    before = pool._client
    for now in (0.0, 1000.0, 2000.0, 3000.0):  # noqa: B007 (the pool's clock)
        with pytest.raises(TelegramError):
            await pool.do_request("http://127.0.0.1:9", "POST")
    assert pool._client is before
    await pool.shutdown()

"""Recovery of a connection pool whose connections are all taken and never return."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest
from telegram import InputFile
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.http import response_head
from bot.telegram import http_pool
from bot.telegram.errors import DeliveryError, MaybeDelivered, TryLater, classify
from bot.telegram.http_pool import RecoveringRequest


@dataclass
class Wedge:
    """Pool of two connections: one answer is never read, the other never comes."""

    pool: RecoveringRequest
    address: str
    asked: asyncio.Event
    now: float = 0.0
    on_its_way: "asyncio.Task[tuple[int, bytes]]" = field(init=False)

    async def sets_in(self) -> None:
        self.unread = self.pool.client.stream("GET", self.address)
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
        pool = RecoveringRequest(connection_pool_size=2, pool_timeout=0.01, read_timeout=60, clock=lambda: stuck.now)  # type: ignore[has-type]
        await pool.initialize()
        stuck = Wedge(pool, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked)
        await stuck.sets_in()
        yield stuck
        stuck.on_its_way.cancel()
        await pool.shutdown()


async def test_a_pool_that_is_stuck_is_made_anew_and_nothing_is_taken_for_delivered_or_lost(wedge: Wedge) -> None:
    for wedge.now in (0, http_pool.STUCK_AFTER / 2, http_pool.STUCK_AFTER):
        # None of these requests was written to a socket.
        assert isinstance(await wedge.fails(), TryLater)
    assert await wedge.pool.do_request(wedge.address, "POST") == (200, b"ok")
    # This one was.
    with pytest.raises(TelegramError) as cut:
        await asyncio.wait_for(wedge.on_its_way, 30)
    assert isinstance(classify(cut.value), MaybeDelivered)


async def test_a_short_burst_is_no_reason_to_cut_what_is_on_its_way(wedge: Wedge) -> None:
    for wedge.now in range(10):
        assert isinstance(await wedge.fails(), TryLater)
    wedge.now = http_pool.STUCK_AFTER - 1
    assert isinstance(await wedge.fails(), TryLater)
    assert not wedge.on_its_way.done()


async def test_telegram_being_away_leaves_the_connections_alone() -> None:
    now = 0.0
    pool = RecoveringRequest(connection_pool_size=1, connect_timeout=1, clock=lambda: now)
    await pool.initialize()
    before = pool.client
    for now in (0.0, 1000.0, 2000.0, 3000.0):  # noqa: B007 (the pool's clock)
        with pytest.raises(TelegramError):
            await pool.do_request("http://127.0.0.1:9", "POST")
    assert pool.client is before
    await pool.shutdown()


@contextlib.asynccontextmanager
async def answering(*parts: bytes, pause: float = 0.0) -> AsyncIterator[RecoveringRequest]:
    """Yield a Telegram that sends these parts, then repeats the last one until the client disconnects."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            for part in chain(parts, repeat(parts[-1])):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        pool = RecoveringRequest(
            connection_pool_size=1, connect_timeout=5, read_timeout=0.3, write_timeout=0.1, pool_timeout=0.1
        )
        pool.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        await pool.initialize()
        yield pool
        await pool.shutdown()


HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b" " * 10_000_000)


@pytest.mark.parametrize(
    ("parts", "pause"),
    [
        ((HEAD, b"X-A: b\r\n"), 0.1),
        ((HEAD + b"Content-Length: 100000\r\n\r\n", b" "), 0.1),
        ((HEAD + b"Content-Length: 1000000000\r\n\r\n", b" " * 65536), 0),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"), 0),
        ((HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB), 0),
        ((HEAD + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\n", b"xxxxx"), 0),
    ],
    ids=["a head that drips", "a body that drips", "told too large", "too large", "a bomb", "packed unasked"],
)
async def test_an_answer_without_end_or_measure_is_one_that_may_have_been_understood(
    parts: tuple[bytes, ...], pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_pool, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(RecoveringRequest, "_timeout", lambda *_: 1.0)
    async with answering(*parts, pause=pause) as pool, asyncio.timeout(30):
        with pytest.raises(TelegramError) as failed:
            await pool.do_request(pool.address, "POST")  # type: ignore[attr-defined]
        assert isinstance(classify(failed.value), MaybeDelivered)


async def test_what_comes_before_an_answer_does_not_come_for_ever() -> None:
    async with answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 500) as pool:
        with pytest.raises(TelegramError) as failed:
            await pool.do_request(pool.address, "POST")  # type: ignore[attr-defined]
        assert isinstance(failed.value.__cause__, response_head.EndlessHead)


async def test_what_is_sent_may_take_as_long_as_its_parts_and_its_size_need() -> None:
    pool = RecoveringRequest(connect_timeout=5, read_timeout=10, write_timeout=20, pool_timeout=1)
    document = RequestParameter.from_input("document", InputFile(b"x" * 5_000_000))
    assert pool._timeout({}) == 36
    assert pool._timeout({"read_timeout": 120, "pool_timeout": None}) == 146
    assert pool._timeout({"request_data": RequestData([document])}) == 36 + 100
    await pool.shutdown()


@pytest.mark.parametrize("answer", [b"[" * 100_000, b"\xff{", b'{"update_id": ' + b"9" * 5000 + b"}"])
def test_garbage_is_an_answer_nobody_understands_and_not_in_the_log(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TelegramError, match="Invalid server response"):
        RecoveringRequest.parse_json_payload(answer)
    assert not caplog.text

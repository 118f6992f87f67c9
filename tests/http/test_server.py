"""Web server over real sockets: slow or incomplete requests do not block other clients."""

import asyncio
import contextlib
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11
import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.app.station_metrics import StationMetrics
from bot.health.endpoints import health_app
from bot.http import uvicorn_connection
from bot.http.server import listen, serve
from bot.http.uvicorn_connection import ConnectionTimeouts

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

PATIENCE = ConnectionTimeouts(head=0.3, request=0.6, idle=1)
# Longer than a busy machine takes, and shorter than a hang.
SOON = 20.0
CHUNKED = b"POST %b HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n"
CRUMBS = b"1\r\nx\r\n" * 20_000
HEAD = b"POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000000\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body, as the webhook does, except for `/head`."""
    with contextlib.suppress(ClientDisconnect):
        body = b"" if scope["path"] == "/head" else await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)}" if scope["path"] != "/large" else "x" * 20_000_000)(scope, receive, send)


@asynccontextmanager
async def serving(patience: ConnectionTimeouts = PATIENCE) -> AsyncIterator[int]:
    stop = asyncio.Event()
    with listen("127.0.0.1:0") as sock:
        task = asyncio.create_task(serve(echo, sock, stop, patience))
        yield sock.getsockname()[1]
        stop.set()
        await asyncio.wait_for(task, SOON)


@asynccontextmanager
async def connections(port: int, count: int, sent: bytes = b"") -> AsyncIterator[list[Stream]]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in opened:
        writer.write(sent)
    try:
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def ended(streams: list[Stream]) -> None:
    """Wait until the server has closed each connection, within a short timeout."""

    async def end(reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()

    await asyncio.wait_for(asyncio.gather(*(end(reader) for reader, _ in streams)), SOON)


async def told(stream: Stream) -> bytes:
    """Return all bytes that the server sends before it closes the connection."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := await asyncio.wait_for(stream[0].read(1000), SOON):
            said += part
    return said


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the parsed events of requests by type."""
    counted: Counter[str] = Counter()
    next_event = h11.Connection.next_event

    def count(one: h11.Connection) -> object:
        event = next_event(one)
        if one.our_role is h11.SERVER:
            counted[type(event).__name__] += 1
        return event

    monkeypatch.setattr(h11.Connection, "next_event", count)
    return counted


async def answers(port: int) -> bool:
    async with httpx.AsyncClient(timeout=SOON) as http:
        return (await http.post(f"http://127.0.0.1:{port}/", content=b"abc")).text == "3"


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET", HEAD, HEAD + b"\r\nhalf", b"GET /head HTTP/1.1\r\nHost: b\r\nContent-Length: 9\r\n\r\n"],
    ids=["nothing", "half a word", "half a head", "half a body", "a body that nobody reads"],
)
async def test_connections_that_ask_for_nothing_keep_nobody_out_and_are_ended(sent: bytes) -> None:
    async with serving() as port, connections(port, 130, sent) as opened:
        assert await answers(port)
        await ended(opened)
        assert await answers(port)


@pytest.mark.parametrize("begin", [b"GET /x HTTP/1.1\r\n", HEAD + b"\r\n"], ids=["head", "body"])
async def test_what_drips_wins_no_time(begin: bytes) -> None:
    async with serving() as port, connections(port, 3, begin) as opened:

        async def drip() -> None:
            while True:
                for _, writer in opened:
                    writer.write(b"x")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        await ended(opened)
        dripping.cancel()


async def test_the_second_request_of_a_connection_has_no_more_time_than_the_first() -> None:
    async with serving() as port, connections(port, 1, b"GET / HTTP/1.1\r\nHost: b\r\n\r\n") as opened:
        reader, writer = opened[0]
        await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"GET / HT")
        await ended(opened)


async def test_many_requests_at_once_are_answered_as_one_and_one_after_the_other_each() -> None:
    request = b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc"
    async with serving() as port, connections(port, 1, request) as opened:
        reader, writer = opened[0]
        async with asyncio.timeout(SOON):
            await reader.readuntil(b"\r\n\r\n3")
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n3")
            writer.write(request * 3)
            assert (await reader.read()).count(b"HTTP/1.1 200") == 1


async def test_who_does_not_take_the_answer_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    loses = uvicorn_connection.Connection.connection_lost

    def is_lost(one: uvicorn_connection.Connection, exc: Exception | None) -> None:
        lost.append(one)
        loses(one, exc)

    monkeypatch.setattr(uvicorn_connection.Connection, "connection_lost", is_lost)
    async with serving() as port, connections(port, 3, b"GET /large HTTP/1.1\r\nHost: b\r\n\r\n"):
        async with asyncio.timeout(SOON):
            while len(lost) < 3:  # noqa: ASYNC110 (no event to wait for)
                await asyncio.sleep(0.01)
        assert await answers(port)


async def test_there_are_never_more_connections_than_places_and_the_newest_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvicorn_connection, "MAX_CONNECTIONS", 20)
    patient = ConnectionTimeouts(head=1000, request=1000, idle=1000)
    stop = asyncio.Event()
    with listen("127.0.0.1:0") as sock:
        port = sock.getsockname()[1]
        task = asyncio.create_task(serve(health_app(list, StationMetrics(())), sock, stop, patient))
        async with connections(port, 60) as opened:
            async with httpx.AsyncClient(timeout=SOON) as http:
                assert (await http.get(f"http://127.0.0.1:{port}/healthz")).text == "ok"
            await ended(opened[:40])
        stop.set()
        await asyncio.wait_for(task, SOON)


@pytest.mark.parametrize("body", [CRUMBS, b"3\r\nabc\r\n0\r\n\r\n", b"1;" + b"x" * 60_000 + b"\r\n", b"garbage" * 9000])
async def test_of_a_body_that_nobody_wants_nothing_is_read(body: bytes, read: Counter[str]) -> None:
    async with serving() as port, connections(port, 20, CHUNKED % b"/head" + body) as opened:
        await ended(opened[1:])
        if len(body) < 100:  # The answer to a client that is still sending may be lost on its way.
            assert (await told(opened[0])).endswith(b"\r\n\r\n0")
        assert read["Request"] == 20
        assert not read["Data"]
        assert await answers(port)


async def test_whoever_is_answered_before_the_body_has_come_is_not_waited_for() -> None:
    patient = ConnectionTimeouts(head=1000, request=1000, idle=1000)
    async with serving(patient) as port, connections(port, 3, CHUNKED % b"/head") as opened:
        for one in opened:
            assert (await told(one)).endswith(b"\r\n\r\n0")


async def test_a_body_that_is_wanted_may_come_in_pieces_but_not_in_crumbs(read: Counter[str]) -> None:
    pieces = b"3e8\r\n%b\r\n" % (b"x" * 1000) * 900 + b"0\r\n\r\n"
    async with serving() as port, connections(port, 1, CHUNKED % b"/" + pieces) as opened:
        reader, writer = opened[0]
        async with asyncio.timeout(SOON):
            await reader.readuntil(b"\r\n\r\n900000")
            before = read["Data"]
            writer.write(CHUNKED % b"/" + CRUMBS)
            await ended(opened)
        assert uvicorn_connection.MAX_PIECES <= read["Data"] - before <= uvicorn_connection.MAX_PIECES + 1
        assert await answers(port)


@pytest.mark.parametrize("more", [b"a:\r\n" * 1900, b"a: " + b"x" * 100_000 + b"\r\n"], ids=["lines", "bytes"])
async def test_a_head_without_measure_is_not_read_even_when_it_comes_at_once(more: bytes, read: Counter[str]) -> None:
    async with serving() as port, connections(port, 3, b"GET / HTTP/1.1\r\nHost: b\r\n" + more + b"\r\n") as opened:
        await ended(opened)
        assert not read["Request"]
    usual = b"".join(b"X-Header-%d: %b\r\n" % (number, b"x" * 100) for number in range(60))
    async with serving() as port, connections(port, 1, CHUNKED[:-2] % b"/" + usual + b"\r\n") as [one]:
        one[1].write(b"3\r\nabc\r\n0\r\n\r\n")
        await asyncio.wait_for(one[0].readuntil(b"\r\n\r\n3"), SOON)


async def test_of_connections_that_are_gone_nothing_is_left_even_while_nobody_looks_for_garbage() -> None:
    gc.collect()
    gc.disable()
    try:
        async with serving() as port:
            for sent in (CHUNKED % b"/head" + CRUMBS, CHUNKED % b"/" + CRUMBS, b"foo\r\n" * 9000, b"GET"):
                async with connections(port, 20, sent) as opened:
                    await ended(opened)
            async with asyncio.timeout(SOON):
                while any(isinstance(one, uvicorn_connection.Connection) for one in gc.get_objects()):  # noqa: ASYNC110 (nothing says)
                    await asyncio.sleep(0.1)
    finally:
        gc.enable()

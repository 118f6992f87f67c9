"""Contract with uvicorn: the private parts that bot/demo/wire.py relies on."""

import asyncio
import socket

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.demo.wire import AbortableProtocol, abort

REQUEST = b"GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n"


async def answer_to_a_request(app: ASGIApp, *, ends_after: asyncio.Event | None = None) -> bytes:
    """Return the bytes that a client gets. The server ends after `ends_after`, or once the client got them."""
    config = uvicorn.Config(app, http=AbortableProtocol, log_config=None, interface="asgi3", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(REQUEST)
        if ends_after is not None:
            await asyncio.wait_for(ends_after.wait(), 30)
            server.should_exit = True
        try:
            return await asyncio.wait_for(reader.read(), 30)
        except ConnectionResetError:
            return b""
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 30)
            writer.close()


async def test_the_state_of_a_protocol_reaches_the_scope_and_an_aborted_request_writes_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        abort(scope)

    assert await answer_to_a_request(app) == b""
    assert not caplog.text


async def test_an_answer_follows_where_no_connection_is_aborted() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    assert b"\r\nok\r\n" in await answer_to_a_request(app)


async def test_a_server_that_ends_calls_shutdown_of_each_protocol() -> None:
    polled = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        # First the end of the request, and then nothing before the end of the connection.
        await receive()
        polled.set()
        await receive()

    assert await answer_to_a_request(app, ends_after=polled) == b""

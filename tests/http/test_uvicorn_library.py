"""Contract with uvicorn and h11: the private parts that bot/http/uvicorn_connection.py relies on."""

import asyncio
import contextlib
import inspect
import io
import logging
import socket
from collections.abc import Iterator
from typing import Any

import h11
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD = b"GET / HTTP/1.1\r\nHost: bot\r\n\r\n"
WITH_BODY = b"POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 3\r\n\r\n"


class Wire(asyncio.Transport):
    """A transport that keeps the bytes written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.paused = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def answers_none(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()


def connected(app: Any = answers, kind: type[H11Protocol] = H11Protocol) -> tuple[H11Protocol, Wire]:
    config = uvicorn.Config(app, log_config=None, access_log=False, interface="asgi3", lifespan="off", ws="none")
    protocol, wire = kind(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def finished(protocol: H11Protocol) -> None:
    await asyncio.gather(*protocol.tasks)


async def test_a_cycle_per_request_says_when_its_response_is_complete() -> None:
    protocol, wire = connected()
    assert vars(protocol)["cycle"] is None
    protocol.data_received(HEAD)
    first = protocol.cycle
    complete = [first.response_complete]
    await finished(protocol)
    assert [*complete, first.response_complete] == [False, True]
    assert wire.written.startswith(b"HTTP/1.1 204")
    protocol.data_received(HEAD)
    assert protocol.cycle is not first
    await finished(protocol)
    protocol.connection_lost(None)


async def test_the_parser_and_the_application_may_be_replaced_before_the_first_request() -> None:
    events: list[Any] = []
    scopes: list[Scope] = []

    class Own(h11.Connection):
        def next_event(self) -> Any:
            events.append(super().next_event())
            return events[-1]

    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answers(scope, receive, send)

    protocol, _ = connected()
    assert type(protocol.conn) is h11.Connection
    protocol.conn, protocol.app = Own(h11.SERVER, 8192), own
    protocol.data_received(HEAD)
    await finished(protocol)
    assert isinstance(events[0], h11.Request)
    assert len(scopes) == 1
    protocol.connection_lost(None)


async def test_paused_stops_reading_until_the_application_receives_and_events_are_handled_again() -> None:
    class Paused(h11.Connection):
        is_paused = True

        def next_event(self) -> Any:
            if self.their_state is h11.SEND_BODY and self.is_paused:
                return h11.PAUSED
            return super().next_event()

    protocol, wire = connected(answers_none)
    protocol.conn = conn = Paused(h11.SERVER)
    protocol.data_received(WITH_BODY + b"abc")
    assert wire.paused
    seen = [(bytes(protocol.cycle.body), protocol.cycle.more_body)]
    conn.is_paused = False
    protocol.handle_events()
    seen.append((bytes(protocol.cycle.body), protocol.cycle.more_body))
    assert seen == [(b"", True), (b"abc", False)]
    protocol.cycle.disconnected = True
    await finished(protocol)


async def test_on_response_complete_is_called_while_the_rest_of_the_input_can_be_seen() -> None:
    rest: list[bytes] = []

    class Own(H11Protocol):
        def on_response_complete(self) -> None:
            rest.append(self.conn.trailing_data[0])
            self.transport.close()
            super().on_response_complete()

    protocol, _ = connected(kind=Own)
    protocol.data_received(HEAD + HEAD)
    await finished(protocol)
    # Not handled: the transport was closing.
    assert rest == [HEAD]


async def test_a_400_is_written_and_the_transport_closed() -> None:
    protocol, wire = connected()
    protocol.send_400_response("The head is too long.")
    assert wire.written.startswith(b"HTTP/1.1 400")
    assert wire.written.endswith(b"The head is too long.")
    assert wire.closed


async def test_an_error_of_the_parser_is_a_400() -> None:
    class Broken(h11.Connection):
        def next_event(self) -> Any:
            raise h11.RemoteProtocolError("too many pieces")

    protocol, wire = connected()
    protocol.conn = Broken(h11.SERVER)
    protocol.data_received(HEAD)
    assert wire.written.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("is_disconnected", [True, False])
async def test_a_disconnected_cycle_writes_no_answer_and_no_log(is_disconnected: bool) -> None:
    protocol, wire = connected(answers_none)
    written = io.StringIO()
    protocol.logger = logging.Logger("of this protocol alone")  # noqa: LOG001 (apart from the program's handlers)
    protocol.logger.addHandler(logging.StreamHandler(written))
    protocol.data_received(HEAD)
    protocol.cycle.disconnected = is_disconnected
    await finished(protocol)
    assert bool(written.getvalue()) is not is_disconnected
    assert bool(wire.written) is not is_disconnected


async def test_a_lost_connection_needs_the_cycle_only_until_then() -> None:
    protocol, _ = connected(answers_none)
    protocol.data_received(HEAD)
    cycle = protocol.cycle
    protocol.connection_lost(ConnectionResetError())
    assert cycle.disconnected
    protocol.cycle = None  # type: ignore[assignment]
    await finished(protocol)


def test_h11_shows_unread_input_and_a_data_event_per_piece() -> None:
    conn = h11.Connection(h11.SERVER, 8192)
    conn.receive_data(b"POST / HTTP/1.1\r\nHost: b")
    assert conn.next_event() is h11.NEED_DATA
    assert conn.trailing_data == (b"POST / HTTP/1.1\r\nHost: b", False)
    conn.receive_data(b"ot\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
    states = [conn.their_state]
    request = conn.next_event()
    assert isinstance(request, h11.Request)
    # In lower case.
    assert dict(request.headers)[b"transfer-encoding"] == b"chunked"
    states.append(conn.their_state)
    assert [conn.next_event() for _ in range(3)] == [
        h11.Data(data=b"a", chunk_start=True, chunk_end=True),
        h11.Data(data=b"b", chunk_start=True, chunk_end=True),
        h11.EndOfMessage(),
    ]
    assert [*states, conn.their_state] == [h11.IDLE, h11.SEND_BODY, h11.DONE]


async def test_the_server_uses_the_factory_given_as_http_and_leaves_signals_alone() -> None:
    made: list[dict[str, Any]] = []
    captured: list[bool] = []

    class Own(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            captured.append(True)
            yield

    def factory(**more: Any) -> H11Protocol:
        made.append(more)
        return H11Protocol(**more)

    config = uvicorn.Config(answers, http=factory, log_config=None, lifespan="off", ws="none")  # type: ignore[arg-type]
    server = Own(config)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 204")
        server.should_exit = True
        await asyncio.wait_for(serving, 30)
        writer.close()
    assert captured == [True]
    assert set(made[0]) <= set(inspect.signature(H11Protocol).parameters)
    assert {"config", "server_state", "app_state"} <= set(made[0])

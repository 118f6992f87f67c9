"""HTTP/1.1 connections of uvicorn with limits: time, size, count.

The only module that uses private parts of uvicorn and h11. tests/http/test_uvicorn_library.py states each of them, and
fails first after an upgrade.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h11
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

# Monitors and Telegram need fewer, and each takes a file descriptor. A new connection then replaces the oldest idle
# one, or else the oldest.
MAX_CONNECTIONS = 250
# Limits of a head: monitors, Telegram and a proxy need some twenty lines and 2,000 bytes. Measured: a head as large as
# one read blocks the event loop for 250 ms, and 30,000 bytes for 20 ms.
MAX_HEAD_LINES = 100
MAX_HEAD_BYTES = 8 * 1024
# Limit of a body, which a proxy may pass on packet by packet: as many as the largest update has. Measured: one read in
# pieces of a byte blocks the event loop for three seconds.
MAX_PIECES = 1000


@dataclass(frozen=True, slots=True)
class ConnectionTimeouts:
    """Timeouts in seconds: for the head of a request; from there for its answer, and again until the client has read
    it; for an idle connection."""

    head: float = 5.0
    request: float = 30.0
    idle: int = 5


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # The program handles signals itself; uvicorn's handlers would replace its own.


class RequestReader(h11.Connection):
    """Reader of a body only on demand, which the webhook makes after it has checked the secret. Raises
    RemoteProtocolError for too many pieces."""

    is_body_requested = False
    _pieces = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self.their_state is h11.SEND_BODY and not self.is_body_requested:
            return h11.PAUSED
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.is_body_requested, self._pieces = not _has_body(event), 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            if self._pieces > MAX_PIECES:
                raise h11.RemoteProtocolError("a body in crumbs")
        return event


def _has_body(request: h11.Request) -> bool:
    sizes = {name: value for name, value in request.headers if name in (b"content-length", b"transfer-encoding")}
    return bool(sizes) and sizes != {b"content-length": b"0"}


class Connection(H11Protocol):
    """Connection with timeouts: uvicorn has none for a head, a body, or the sending of an answer, and reads any body.
    Pipelined requests are answered once, and an answer before the end of the body closes the connection. `connections`
    are all connections, the oldest first."""

    conn: RequestReader

    def __init__(
        self, *args: Any, timeouts: ConnectionTimeouts, connections: "dict[Connection, None]", **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.conn = RequestReader(h11.SERVER, MAX_HEAD_BYTES)
        self._wrapped_app, self.app = self.app, self._answer
        self._timeouts = timeouts
        self._connections = connections
        self._abort_timer: asyncio.TimerHandle | None = None
        self._awaits_head = False
        self._served_cycle: RequestResponseCycle | None = None

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self._connections) >= MAX_CONNECTIONS:
            next(
                (connection for connection in self._connections if connection._is_idle), next(iter(self._connections))
            )._abort()
        self._connections[self] = None
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.pop(self, None)
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        super().connection_lost(exc)
        # Reference cycles wait for the garbage collector, and keep the input alive. Measured: 200 connections that send
        # garbage and reconnect left a gigabyte in a minute.
        self.cycle, self._served_cycle, self.app = None, None, self._wrapped_app  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        # The first byte after an answer; those that follow it extend no timeout.
        if self._is_idle and not self._awaits_head:
            self._wait_for_head()
        super().data_received(data)

    def handle_events(self) -> None:
        if self._awaits_head and self._is_head_too_long():
            self.send_400_response("The head of the request is too long.")
            return
        super().handle_events()
        if self.cycle is not self._served_cycle:
            self._served_cycle, self._awaits_head = self.cycle, False
            self._abort_in(self._timeouts.request)

    def on_response_complete(self) -> None:
        self._abort_in(self._timeouts.request)
        # Neither monitors nor Telegram pipeline, and hundreds of requests at once block the event loop, as does a body
        # that is still to come.
        if self.conn.trailing_data[0] or self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        super().on_response_complete()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def read() -> Message:
            if not (self.conn.is_body_requested or self.transport.is_closing()):
                self.conn.is_body_requested = True
                self.handle_events()
            return await receive()

        await self._wrapped_app(scope, read, send)

    def _is_head_too_long(self) -> bool:
        """Check the limits of the head: h11 checks only an incomplete one, and counts no lines."""
        head = self.conn.trailing_data[0].partition(b"\r\n\r\n")[0]
        return len(head) > MAX_HEAD_BYTES or head.count(b"\n") > MAX_HEAD_LINES

    def _wait_for_head(self) -> None:
        self._awaits_head = True
        self._abort_in(self._timeouts.head)

    def _abort_in(self, seconds: float) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        self._abort_timer = self.loop.call_later(seconds, self._abort)

    def _abort(self) -> None:
        """Abort the connection: a close waits until the client has read the answer."""
        self._connections.pop(self, None)
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

"""HTTP server of both stand-ins, whose application can abort a client's connection."""

import asyncio
import socket
from collections.abc import Callable
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_KEY = "demo_abort"


class AbortableProtocol(H11Protocol):
    """Pass it to uvicorn as `http=AbortableProtocol`; then `abort(scope)` works inside the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does not set this on a manually bound listener, and every answer would be delayed by 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, _KEY: self.abort}

    def shutdown(self) -> None:
        """Abort pending long polls at shutdown."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.abort()
        else:
            super().shutdown()

    def abort(self) -> None:
        self.transport.abort()
        # The loop reports the loss a tick later; until then uvicorn would complain of a missing answer.
        if self.cycle is not None:
            self.cycle.disconnected = True


def abort(scope: Scope) -> None:
    """Close the client's TCP connection at once; later output of the application is discarded.

    Without `AbortableProtocol` (an in-process test client) it raises `ConnectionAbortedError`.
    """
    drop = scope.get("state", {}).get(_KEY)
    if drop is None:
        raise ConnectionAbortedError("the server does not run on AbortableProtocol")
    drop()


def dated(app: ASGIApp, now: Callable[[], float]) -> ASGIApp:
    """Give each answer the Date of the stand-ins' clock, in Unix seconds; for a server with `date_header=False`, which
    would give that of the machine."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        await app(scope, receive, send_dated)

    return answer

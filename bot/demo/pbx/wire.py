"""The line itself: a server protocol whose connections the application may cut without a word."""

import asyncio
from typing import cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

ABORT = "demo.abort"


class PbxProtocol(H11Protocol):
    """Give it to uvicorn as `http=`; without it the faults `unplugged`, `cut` and `lost_answer` cannot cut the line."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = transport
            await inner(scope, receive, send)

        self.app = app


async def abort(scope: Scope, receive: Receive) -> None:
    """Resets the connection at once. Raises ConnectionAbortedError when the server cannot do that."""
    transport = cast("asyncio.Transport | None", scope.get("extensions", {}).get(ABORT))
    if transport is None:
        raise ConnectionAbortedError
    transport.abort()
    # Until the server has noticed, it would complain about a request without an answer.
    while (await receive())["type"] != "http.disconnect":
        pass

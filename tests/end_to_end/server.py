"""Serve the stand-ins over real HTTP from a thread of their own; tests may also call them without HTTP."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.demo.launcher import listening
from bot.demo.wire import AbortableProtocol, dated
from tests.end_to_end.clock import Clock, ClockLoop

T = TypeVar("T")
# All is plain HTTP, and loading a trust store takes 30 ms.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Timeout in seconds of a call to a stand-in.
PATIENCE = 60.0


class Server:
    """The program connects to `address`. A test calls the same application in the same loop, without a socket."""

    def __init__(self, address: str, app: Starlette, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self.address = address
        self.clock = clock
        self._loop = loop
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
        self._client = httpx.AsyncClient(transport=transport, base_url=address, timeout=PATIENCE, verify=PLAIN)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.carry_out(self._client.request(method, path, **more))

    def look(self, at: Callable[[], T]) -> T:
        """Return the result of `at`, run in the stand-ins' thread without concurrent changes."""

        async def looked() -> T:
            return at()

        return self.carry_out(looked()) if self._loop.is_running() else at()

    def carry_out(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


@contextmanager
def serving(routes: Sequence[BaseRoute], clock: Clock) -> Iterator[Server]:
    """Yield a server whose timers follow `clock`."""
    app, loop = Starlette(routes=routes), ClockLoop(clock)
    with listening(0) as (sock, address):
        config = uvicorn.Config(
            dated(app, clock.time),
            http=AbortableProtocol,
            ws="none",
            lifespan="off",
            log_level="critical",
            # By the machine's clock; `dated` gives that of the test.
            date_header=False,
            # Longer than the bot keeps a connection: closing one that is being reused looks like a lost answer.
            timeout_keep_alive=75,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_run, args=(loop, server.serve(sockets=[sock])), daemon=True)
        thread.start()
        try:
            yield Server(address, app, loop, clock)
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)

"""A small web server beside the bot, for as long as the bot runs."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from bot.settings import WrongSettings

# More at once are no monitors and no Telegram, and each takes a file of the few that the program may have. Who comes
# then takes the place of whoever has been there longest with nothing asked, or else of whoever has been there longest.
MOST_CONNECTIONS = 250
# A client that hangs must not hold up the end of the program.
FINISH_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until a connection has brought the head of a request; from there until it is answered, and from there
    until the client has taken the answer; until an idle connection is closed."""

    head: float = 5.0
    request: float = 30.0
    idle: int = 5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # The program has its own way of ending; uvicorn's handlers would take the signals away from it.


class _Connection(H11Protocol):
    """One that ends, whatever the client does: uvicorn by itself waits for ever for a head, a body, and for what was
    sent to be taken. Whoever asks again before the answer is there is answered once. `there` are all, the one first
    that came first."""

    def __init__(self, *args: Any, patience: Patience, there: "dict[_Connection, None]", **more: Any) -> None:
        super().__init__(*args, **more)
        self._patience = patience
        self._there = there
        self._limit: asyncio.TimerHandle | None = None
        self._awaits_head = False
        self._served: RequestResponseCycle | None = None

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self._there) >= MOST_CONNECTIONS:
            next((one for one in self._there if one._is_idle), next(iter(self._there)))._give_up()
        self._there[self] = None
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._there.pop(self, None)
        if self._limit is not None:
            self._limit.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # The first byte after an answer; those that follow it win no time.
        if self._is_idle and not self._awaits_head:
            self._wait_for_head()
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not self._served:
            self._served, self._awaits_head = self.cycle, False
            self._give_up_in(self._patience.request)

    def on_response_complete(self) -> None:
        self._give_up_in(self._patience.request)
        # Neither monitors nor Telegram do that, and hundreds of requests that came at once hold up everybody else.
        if self.conn.trailing_data[0]:
            self.transport.close()
        super().on_response_complete()

    def _wait_for_head(self) -> None:
        self._awaits_head = True
        self._give_up_in(self._patience.head)

    def _give_up_in(self, seconds: float) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """At once: to close it would mean to wait until the client has taken what was sent."""
        self._there.pop(self, None)
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()


def listen(setting: str, address: str) -> socket.socket:
    """Raises WrongSettings when the address, which `setting` holds, cannot be used."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        raise WrongSettings([f"{setting}: {address} cannot be used ({error}); choose another one"]) from None


async def serve(app: ASGIApp, sock: socket.socket, stop: asyncio.Event, patience: Patience | None = None) -> None:
    """Serve until `stop`; what was asked before is answered."""
    patience = patience or Patience()
    config = uvicorn.Config(
        app,
        http=partial(_Connection, patience=patience, there={}),  # type: ignore[arg-type]
        log_config=None,
        # Whoever sends garbage would write a line into the log for each.
        log_level="error",
        access_log=False,
        interface="asgi3",
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=patience.idle,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    server.should_exit = True
    await serving

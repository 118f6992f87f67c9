"""A small web server beside the bot, for as long as the bot runs."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from bot.settings import WrongSettings

# More at once is no monitor and no Telegram; the rest is told to come again.
MOST_CONNECTIONS = 100
# A client that hangs must not hold up the end of the program.
FINISH_WITHIN = 3


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # The program has its own way of ending; uvicorn's handlers would take the signals away from it.


def listen(setting: str, address: str) -> socket.socket:
    """Raises WrongSettings when the address, which `setting` holds, cannot be used."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        raise WrongSettings([f"{setting}: {address} cannot be used ({error}); choose another one"]) from None


async def serve(app: ASGIApp, sock: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`; what was asked before is answered."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        interface="asgi3",
        lifespan="off",
        ws="none",
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    server.should_exit = True
    await serving

"""Web server of the health endpoints and the webhook."""

import asyncio
import errno
import socket
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from bot.http.uvicorn_connection import Connection, ConnectionTimeouts, Server

# Timeout of the shutdown in seconds: a client that hangs must not delay the end of the program.
FINISH_TIMEOUT = 3


# In place of the system's own words, which name no way out.
REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EADDRNOTAVAIL: "it is no address of this machine",
    errno.EACCES: "ports below 1024 are for root",
    socket.EAI_NONAME: "there is no such host",
}


class AddressUnusable(OSError):
    """Address in use, or of another machine. `str()` is the reason."""


def listen(address: str) -> socket.socket:
    """Return a socket that listens on `host:port`. Raises AddressUnusable."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        raise AddressUnusable(REASONS.get(getattr(error, "errno", 0) or 0) or str(error)) from None


async def serve(
    app: ASGIApp, sock: socket.socket, stop: asyncio.Event, timeouts: ConnectionTimeouts | None = None
) -> None:
    """Serve until `stop`; requests under way are answered."""
    timeouts = timeouts or ConnectionTimeouts()
    config = uvicorn.Config(
        app,
        http=partial(Connection, timeouts=timeouts, connections={}),  # type: ignore[arg-type]
        log_config=None,
        # At lower levels each invalid request writes a line.
        log_level="error",
        access_log=False,
        interface="asgi3",
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=timeouts.idle,
        timeout_graceful_shutdown=FINISH_TIMEOUT,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    server.should_exit = True
    await serving

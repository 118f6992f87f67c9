"""Listening sockets and the health endpoints. The web server is imported late: it takes long, and few runs need it."""

import asyncio
import socket
from collections.abc import Callable

from bot.config.errors import WrongSettings


def listening_socket(setting: str, address: str) -> socket.socket:
    """Open the socket of the address in `setting`. Raises WrongSettings if it is unusable."""
    from bot.http.server import AddressUnusable, listen

    try:
        return listen(address)
    except AddressUnusable as error:
        raise WrongSettings([f"{setting}: {address} cannot be used ({error}); choose another one"]) from None


async def serve_health(problems: Callable[[], list[str]], address: str, stop: asyncio.Event) -> None:
    """Serve /healthz and /metrics on HEALTH_ADDRESS until `stop`. Raises WrongSettings."""
    from bot.health.endpoints import health_app
    from bot.http.server import serve

    await serve(health_app(problems), listening_socket("HEALTH_ADDRESS", address), stop)

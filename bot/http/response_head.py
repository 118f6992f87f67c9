"""Limit for the head of an HTTP response, informational responses included.

A server may send "100 Continue" without end. Measured: httpcore reads as many as arrive, 64 kB at a time, and blocks
the event loop meanwhile.
"""

import select
import socket
from typing import Any

import httpcore
import httpx

from bot.http.httpx_library import network_stream, wrap_network

# Informational responses included. A proxy passes on a few thousand bytes, and h11 allows a single head 100,000.
MAX_BYTES = 32 * 1024
# Bytes of one read, after which the event loop is yielded.
READ_SIZE = 4096


class EndlessHead(httpx.RemoteProtocolError):
    def __init__(self) -> None:
        super().__init__(f"more than {MAX_BYTES} bytes came before its body")


def limit_head(client: httpx.AsyncClient, *within: httpx.AsyncBaseTransport) -> None:
    """Make the client raise EndlessHead; `within` are transports that its own one sends through."""
    wrap_network(client, _Network, *within)
    client.event_hooks["response"].append(_on_head_read)


async def _on_head_read(response: httpx.Response) -> None:
    stream = network_stream(response)
    if isinstance(stream, _Stream):
        stream.remaining = None


class _Network(httpcore.AsyncNetworkBackend):
    def __init__(self, network: httpcore.AsyncNetworkBackend) -> None:
        self._network = network

    async def connect_tcp(self, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._network.connect_tcp(*args, **more))

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """Stream that counts the bytes `remaining` for the head of a response; None outside of a head."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket | None = stream.get_extra_info("socket")
        self.remaining: int | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as httpcore has it)
        if self.remaining is None:
            return await self._stream.read(max_bytes, timeout)
        if self.remaining <= 0:
            raise EndlessHead
        content = await self._stream.read(min(max_bytes, READ_SIZE), timeout)
        self.remaining -= len(content)
        return content

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (as httpcore has it)
        self.remaining = MAX_BYTES
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(*args, **more))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._socket is not None:
            return _is_readable(self._socket)
        return self._stream.get_extra_info(info)


def _is_readable(connection: socket.socket) -> bool:
    """Return True if the other side has sent something, or closed the connection. Measured: httpcore asks it two dozen
    times for a command, and anyio's way to the socket took a twentieth of the command's processor time."""
    if connection.fileno() < 0:
        return True
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))

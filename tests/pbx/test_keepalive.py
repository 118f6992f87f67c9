"""Connections are reused between polls; one that the PBX has closed meanwhile causes no error."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from bot.pbx import Pbx
from bot.pbx.resources.trunks import Trunks

BODY = json.dumps({"result": True, "data": {"sip": {}, "iax": {}}, "messages": {}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@dataclass
class Server:
    """Closes each connection after `answers` answers: at once, or at the next request."""

    answers: int
    closes_at_once: bool
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for _ in range(self.answers):
                await reader.readuntil(b"\r\n\r\n")
                self.closed.clear()
                writer.write(ANSWER)
                await writer.drain()
            if not self.closes_at_once:
                await reader.readuntil(b"\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.closed.set()


@asynccontextmanager
async def looking(server: Server) -> AsyncIterator[Trunks]:
    async def at_once(_seconds: float) -> None:
        pass

    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, Pbx(f"http://127.0.0.1:{port}", SecretStr("k" * 32), sleep=at_once) as pbx:
        yield pbx.trunks
    await server.closed.wait()


@pytest.mark.parametrize("closes_at_once", [True, False])
async def test_a_connection_that_the_pbx_closed_meanwhile_costs_no_look(closes_at_once: bool) -> None:
    server = Server(1, closes_at_once)
    async with looking(server) as trunks:
        for _ in range(3):
            assert (await trunks.statuses()).value == {}
            await asyncio.sleep(0.01)
    assert server.connections == 3


async def test_looks_one_after_another_share_a_connection() -> None:
    server = Server(5, closes_at_once=True)
    async with looking(server) as trunks:
        for _ in range(5):
            await trunks.statuses()
    assert server.connections == 1

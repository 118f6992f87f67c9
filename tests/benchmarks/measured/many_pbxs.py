"""`python -m tests.benchmarks.measured.many_pbxs`: any number of cheap PBXs on one port.

Each has its own path /NAME and returns the current answers of one stand-in PBX; those under /slow/NAME take 20 s.
It is late afternoon, and in the last half hour each has had a few calls. Prints its address; `/moments` returns the
times at which each was asked for its trunk states, and under EVERYTHING those of all requests, in seconds of the
monotonic clock.
"""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import formatdate
from functools import partial

import httpx

from bot.demo import pbx
from bot.demo.pbx.registration.sights import NEWEST
from tests.benchmarks.measured.stage import KEY

SLOW = 20.0
# Seconds that a PBX with four trunks takes.
USUAL = 0.03
END = b"\r\n\r\n"
EVERYTHING = "*"


class Answers:
    """Answers of the stand-in PBX with its four enabled trunks, renewed for each path at most once a second."""

    def __init__(self) -> None:
        hour = datetime.now(UTC).hour
        zone = f"Etc/GMT{hour - 15:+d}" if hour >= 3 else "Etc/GMT-12"
        world = pbx.StandinPbx(api_key=KEY, zone=zone, dialect=NEWEST, traffic=False, speed=100)
        world.limit.set_mode("off")
        for trunk in [trunk for trunk in world.trunks.values() if trunk.disabled]:
            world.remove_trunk(trunk.id)
        transport = httpx.ASGITransport(app=pbx.app(world))
        key = {"Authorization": f"Bearer {KEY}"}
        self._http = httpx.AsyncClient(transport=transport, base_url="http://pbx", headers=key)
        self._kept: dict[str, tuple[float, asyncio.Task[bytes]]] = {}

    async def of(self, path: str) -> bytes:
        now = time.monotonic()
        at, task = self._kept.get(path, (0.0, None))
        if task is None or now - at >= 1:
            task = asyncio.create_task(self._asked(path))
            self._kept[path] = now, task
        return await task

    async def _asked(self, path: str) -> bytes:
        answer = await self._http.get(path)
        named = {**answer.headers, "date": formatdate(usegmt=True), "server": "nginx"}
        lines = [f"HTTP/1.1 {answer.status_code} OK", *(f"{name}: {value}" for name, value in named.items())]
        return "\r\n".join(lines).encode() + END + answer.content


class Line(asyncio.Protocol):
    """One connection. A bot sends one request after another, each a GET without a body."""

    def __init__(self, answers: Answers, moments: dict[str, list[float]]) -> None:
        self._answers = answers
        self._moments = moments
        self._unread = b""
        self._asked: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        head, end, self._unread = (self._unread + data).partition(END)
        if end:
            self._asked = asyncio.create_task(self._answer(head.split(b" ", 2)[1].decode()))
        else:
            self._unread = head

    async def _answer(self, target: str) -> None:
        whose, slash, path = target.partition("/pbxcore")
        if not slash:
            content = json.dumps(self._moments).encode()
            self._transport.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)
            return
        kind, _, name = whose.rpartition("/")
        self._moments[EVERYTHING].append(time.monotonic())
        if "getStatuses" in path:
            self._moments[name].append(time.monotonic())
        await asyncio.sleep(SLOW if kind else USUAL)
        self._transport.write(await self._answers.of(slash + path))


async def _serve() -> None:
    moments: dict[str, list[float]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Line, Answers(), moments), "127.0.0.1", backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve())

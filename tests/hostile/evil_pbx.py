"""PBXs that answer wickedly, on loopback: each at a port of its own, and well until it is told how else."""

import asyncio
import contextlib
import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tests.end_to_end.clock import Clock, ClockLoop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MEGABYTE = 1 << 20
# Seconds between two bytes: less than every time-out for a single read.
DRIP = 5.0
TRUNK = {
    "id": "SIP-TRUNK-0000AAAA",
    "type": "sip",
    "state": "registered",
    "stateColor": "green",
    "description": "Evil trunk",
    "username": "evil",
    "host": "10.0.0.1",
    "contactStatus": "Reachable",
}

Way = Callable[["EvilPbx", asyncio.StreamWriter], Coroutine[Any, Any, None]]


class EvilPbx:
    """`way` is how it answers from now on, one of WAYS. `asked` are the paths it was asked, and when."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.way = "well"
        self.asked: list[tuple[float, str]] = []
        self.address = ""
        self.clock = clock

    @property
    def looks(self) -> int:
        return sum("getStatuses" in path for _, path in self.asked)

    def table(self, chat: int) -> str:
        return (
            f'[[station]]\nname = "{self.name}"\ntitle = "{self.name.title()}"\nurl = "{self.address}"\n'
            f'key = "{"ab" * 32}"\nalert_chats = [{chat}]'
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self.way == "answers nothing at all":
                await asyncio.sleep(3600)
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append((time.monotonic(), head.split(b" ")[1].decode()))
                way = self.way
                await WAYS[way](self, writer)
                await writer.drain()
                if way != "well":
                    break
        writer.close()


def _whole(content: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(content) + content


async def _well(evil: EvilPbx, writer: asyncio.StreamWriter) -> None:
    now = int(evil.clock.time())
    trunk = TRUNK | {"lastUpdate": now, "lastChange": now - 1000}
    path = evil.asked[-1][1]
    data: Any = (
        {"sip": {trunk["id"]: trunk}, "iax": []} if "getStatuses" in path else [trunk] if "providers" in path else []
    )
    writer.write(_whole(json.dumps({"result": True, "data": data, "messages": []}).encode()))


async def _forever(writer: asyncio.StreamWriter, part: bytes, pause: float = 0.0) -> None:
    while True:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


async def _drips_body(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 100000\r\n\r\n{")
    await _forever(writer, b" ", DRIP)


async def _drips_head(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await _forever(writer, b"X-A: b\r\n", DRIP)


async def _drips_chunks(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await _forever(writer, b"1\r\n \r\n", DRIP)


async def _never_answers(_: EvilPbx, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def _continues(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    await _forever(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


async def _hints(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    await _forever(writer, b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 20_000 + b"\r\n\r\n")


async def _endless(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await _forever(writer, b"10000\r\n" + b" " * 65536 + b"\r\n")


async def _crumbs(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await _forever(writer, b"1\r\n \r\n" * 10_000)


async def _large(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % (512 * MEGABYTE))
    await _forever(writer, b" " * MEGABYTE)


@cache
def bomb() -> bytes:
    """A gigabyte, by a megabyte on the wire."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(b" " * MEGABYTE) for _ in range(1024)) + packer.flush()


async def _bursts(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(_whole(bomb(), b"Content-Encoding: gzip\r\n"))


async def _goes_on_after_gzip(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    packed = gzip.compress(b'{"result":true,"data":{}}')
    writer.write(b"%x\r\n" % len(packed) + packed + b"\r\n")
    await _forever(writer, b"10000\r\n" + b"x" * 65536 + b"\r\n")


def _says(content: bytes, more: bytes = b"") -> Way:
    async def say(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
        writer.write(_whole(content, more))

    return say


def _rows(count: int) -> bytes:
    rows = {f"SIP-{number}": TRUNK | {"id": f"SIP-{number}"} for number in range(count)}
    return json.dumps({"result": True, "data": {"sip": rows}, "messages": []}).encode()


async def _broken_chunks(_: EvilPbx, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n")


WAYS: dict[str, Way] = {
    "well": _well,
    "drips a body": _drips_body,
    "drips a head": _drips_head,
    "drips chunks": _drips_chunks,
    "never answers": _never_answers,
    "answers nothing at all": _never_answers,
    "says continue for ever": _continues,
    "hints for ever": _hints,
    "sends without end": _endless,
    "sends crumbs": _crumbs,
    "sends half a gigabyte": _large,
    "sends a bomb": _bursts,
    "goes on after gzip": _goes_on_after_gzip,
    "is packed unasked": _says(b"xxxx", b"Content-Encoding: br\r\n"),
    "nests": _says(b"[" * 200_000 + b"]" * 200_000),
    "nests objects": _says(b'{"result":true,"data":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"),
    "counts far": _says(b'{"result":true,"data":' + b"9" * 5000 + b"}"),
    "has twenty thousand trunks": _says(_rows(20_000)),
    "has a million values": _says(b'{"result":true,"data":[' + b"[]," * 1_000_000 + b"0]}"),
    "breaks its chunks": _broken_chunks,
}


@contextmanager
def evil_pbxs(clock: Clock, *names: str) -> Iterator[list[EvilPbx]]:
    """Served from a thread of their own, in the time of `clock`."""
    there = [EvilPbx(name, clock) for name in names]
    loop, ready = ClockLoop(clock), threading.Event()

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for one in there:
                server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
                await stack.enter_async_context(server)
                one.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await stop.wait()

    stop = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield there
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)

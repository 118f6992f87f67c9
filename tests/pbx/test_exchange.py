"""Timeouts and size limits of every exchange with the PBX, over real sockets."""

import asyncio
import contextlib
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from itertools import chain, repeat

import pytest
from pydantic import SecretStr

from bot.http import decompression
from bot.pbx import (
    CallRecordLeg,
    EmployeeDraft,
    NotJson,
    Pbx,
    PbxError,
    TimedOut,
    TooLarge,
    Uncertain,
    Unreachable,
    http,
    responses,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
GOOD = json.dumps({"result": True, "data": [{"id": "201", "state": "OK"}], "messages": []}).encode()
# Longer than any machine takes, and shorter than a hang.
SOON = 30.0
# Bytes that a packed bomb unpacks to. It is packed by the test: a constant would be packed by every worker.
UNPACKED = 300_000_000
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


@asynccontextmanager
async def answering(*parts: bytes, pause: float = 0.0, on: bool = True) -> AsyncIterator[Pbx]:
    """Yield a PBX that sends these parts and, if `on`, repeats the last one for ever."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError),
        ):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            for part in chain(parts, repeat(parts[-1]) if on else ()):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Pbx(f"http://127.0.0.1:{port}", SecretStr("c0ffee" * 8)) as pbx, asyncio.timeout(SOON):
            yield pbx
    assert all(b"accept-encoding: identity" in head.lower() for head in heads)


def whole(content: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(content) + content


@cache
def gzip_bomb() -> bytes:
    return gzip.compress(b" " * UNPACKED, 1)


def chunk(content: bytes) -> bytes:
    return b"%x\r\n" % len(content) + content + b"\r\n"


# Empty deflate blocks.
NOTHING = b"\x00\x00\x00\xff\xff" * 13_000


@pytest.mark.parametrize(
    "parts",
    [
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n",),
    ],
    ids=["head", "body", "chunks", "continue"],
)
async def test_an_answer_that_drips_is_one_that_does_not_come(
    parts: Sequence[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "RESPONSE_TIMEOUT", 0.3)
    async with answering(*parts, pause=0.02) as pbx:
        with pytest.raises(TimedOut):
            await pbx.extensions.peers()
        with pytest.raises(Uncertain):
            await pbx.employees.create(EmployeeDraft(number="243"))


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((HEAD + b"Content-Length: 1000000000\r\n\r\n", b" " * 65536), NotJson),
        ((HEAD + b"Content-Length: " + b"9" * 18 + b"\r\n\r\n", b" "), NotJson),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"), NotJson),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10_000), NotJson),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",), Unreachable),
        ((HEAD, b"X-A: b\r\n" * 10_000), NotJson),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" * 500,) * 2, NotJson),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 20_000 + b"\r\n\r\n",) * 2, NotJson),
        (lambda: (whole(gzip_bomb(), b"Content-Encoding: gzip\r\n"),), NotJson),
        (lambda: (whole(zlib.compress(b" " * UNPACKED, 1), b"Content-Encoding: deflate\r\n"),), NotJson),
        (lambda: (whole(gzip_bomb(), b"Content-Encoding: gzip, gzip\r\n"),), NotJson),
        ((whole(b"xxxx", b"Content-Encoding: br\r\n"),), NotJson),
        ((whole(b"no gzip", b"Content-Encoding: gzip\r\n"),), NotJson),
        ((whole(gzip.compress(GOOD) + b"x", b"Content-Encoding: gzip\r\n"),), NotJson),
        ((CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + chunk(gzip.compress(GOOD)), chunk(b"x" * 65536)), NotJson),
        ((CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + chunk(gzip.compress(b"")[:10]), chunk(NOTHING)), NotJson),
        ((CHUNKED + b"Content-Encoding: deflate\r\n\r\n", chunk(NOTHING)), NotJson),
        ((CHUNKED + b"Content-Encoding: deflate\r\n\r\n", chunk(NOTHING[:5]) * 10_000), NotJson),
    ],
    ids=[
        "told",
        "too-large",
        "endless",
        "crumbs",
        "broken-chunks",
        "long-head",
        "continue",
        "early-hints",
        "gzip",
        "deflate",
        "gzip-gzip",
        "br",
        "no-gzip",
        "gzip-and-more",
        "gzip-and-more-without-end",
        "gzip-of-nothing-without-end",
        "deflate-of-nothing-without-end",
        "crumbs-of-nothing",
    ],
)
async def test_an_answer_without_measure_is_garbage_and_takes_no_memory(
    parts: Sequence[bytes] | Callable[[], Sequence[bytes]], error: type[PbxError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompression, "MAX_PIECES", 1000)
    parts = parts() if callable(parts) else parts
    async with answering(*parts, on=len(parts) > 1) as pbx:
        tracemalloc.start()
        try:
            with pytest.raises(error):
                await pbx.extensions.peers()
            assert tracemalloc.get_traced_memory()[1] < 40_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "packing"),
    [
        (GOOD, b""),
        (gzip.compress(GOOD), b"Content-Encoding: gzip\r\n"),
        (zlib.compress(GOOD), b"Content-Encoding: deflate\r\n"),
        (zlib.compress(GOOD)[2:-4], b"Content-Encoding: deflate\r\n"),
        (gzip.compress(GOOD + b" " * 2_000_000), b"Content-Encoding: gzip\r\n"),
    ],
    ids=["unpacked", "gzip", "deflate", "deflate without a head", "more than is read in the loop"],
)
async def test_what_something_between_has_packed_is_understood(content: bytes, packing: bytes) -> None:
    async with answering(whole(content, packing), on=False) as pbx:
        assert [peer.id for peer in (await pbx.extensions.peers()).value] == ["201"]


LEG = CallRecordLeg(download_url="/pbxcore/api/v3/cdr:download?x=1")


async def test_a_recording_may_take_as_long_as_it_needs_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FETCH_DEADLINE", 0.3)
    head = HEAD + b"Content-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with answering(head, b"1\r\nx\r\n", pause=0.02) as pbx:
        with pytest.raises(TimedOut):
            await pbx.records.recording(LEG, "mp3", 1_000_000)
    large = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    async with answering(head, *[large] * 10, b"0\r\n\r\n", pause=0.06, on=False) as pbx:
        assert len((await pbx.records.recording(LEG, "mp3", 1_000_000)).content) == 655_360
    async with answering(head, large) as pbx:
        with pytest.raises(TooLarge):
            await pbx.records.recording(LEG, "mp3", 1_000_000)
    async with answering(HEAD + b"Content-Type: text/html\r\nContent-Length: 1000000000\r\n\r\n", b" " * 65536) as pbx:
        with pytest.raises(NotJson):
            await pbx.records.recording(LEG, "mp3", 1_000_000)


async def test_a_full_page_of_call_records_fits() -> None:
    leg = {f"field{number}": f"2026-11-23 14:00:0{number % 10}" for number in range(30)}
    record = {"linkedid": "x", "start": "2026-11-23 14:00:00", "records": [leg] * 5}
    page = {"result": True, "data": {"records": [record | {"linkedid": f"{n}"} for n in range(1000)]}, "messages": []}
    content = json.dumps(page).encode()
    assert 4_000_000 < len(content) < responses.MAX_BYTES_OF["cdr"]
    async with answering(whole(content), on=False) as pbx:
        record_found = await pbx.records.find("999")
    assert record_found is not None
    assert len(record_found.legs) == 5

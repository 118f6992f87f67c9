"""The body of an HTTP answer, unpacked no further than somebody has room for it.

httpx unpacks whatever arrives in one go: a megabyte on the wire becomes a gigabyte before anybody could count it.
"""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator

import httpx

# Asked for by everybody who reads within a size: what is not packed cannot be larger than it looks.
UNPACKED = {"Accept-Encoding": "identity"}
# Of what is unpacked at a time.
STEP = 64 * 1024
# One byte at a time, the largest answer would take longer to put together than to send. A packet carries a thousand.
MOST_PIECES = 20_000
# And then somebody else has a turn. Measured: what one read of the network brings has up to ten thousand pieces, and
# nobody else has one before the last of them.
PIECES_AT_A_TIME = 100
WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class TooMuch(Exception):
    """`told` is the size in bytes that the answer itself gave, if it did."""

    def __init__(self, told: int | None = None) -> None:
        super().__init__(f"more than is read of one answer ({told or 'an untold number of'} bytes)")
        self.told = told


class Garbled(Exception):
    """What cannot be unpacked, or is packed in a way that nobody asked for."""


async def pieces(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """Its body unpacked, in pieces of at most STEP more than the wire brings at once. Raises TooMuch instead of giving
    more than `most` bytes, and Garbled."""
    async for piece in _unpacked(_stream(response), response.headers, most):
        yield piece


async def whole(response: httpx.Response, most: int) -> bytearray:
    """All of it. Raises as `pieces` does."""
    content = bytearray()
    async for piece in pieces(response, most):
        content += piece
    return content


class Bounded(httpx.AsyncByteStream):
    """Takes the place of a response's stream, for a client that reads whole what it is given: unpacked already, and
    what is more than `most` bytes is a broken connection."""

    def __init__(self, response: httpx.Response, most: int) -> None:
        self._stream = _stream(response)
        self._headers = httpx.Headers(response.headers)
        self._most = most

    @classmethod
    def put_under(cls, response: httpx.Response, most: int) -> None:
        response.stream = cls(response, most)
        response.headers.pop("Content-Encoding", None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in _unpacked(self._stream, self._headers, self._most):
                yield piece
        except (TooMuch, Garbled) as error:
            raise httpx.RemoteProtocolError(str(error)) from None

    async def aclose(self) -> None:
        await self._stream.aclose()


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("only what an asynchronous client was answered is read here")
    return response.stream


async def _unpacked(stream: AsyncIterable[bytes], headers: httpx.Headers, most: int) -> AsyncIterator[bytes]:
    told = _told_size(headers)
    packing = headers.get("Content-Encoding", "").strip().lower()
    if told is not None and told > most:
        raise TooMuch(told)
    if packing in ("", "identity"):
        unpack = None
    elif packing in WINDOWS:
        unpack = _Unpacking(WINDOWS[packing])
    else:
        raise Garbled(f"packed as {packing[:20]!r}")
    size = packed_size = count = 0
    async for part in stream:
        count += 1
        packed_size += len(part)
        # Of what is packed, even without end, nothing at all may come.
        if packed_size > most or count > MOST_PIECES:
            raise TooMuch(told if unpack is None else None)
        if count % PIECES_AT_A_TIME == 0:
            await asyncio.sleep(0)
        for piece in [part] if unpack is None else unpack(part):
            size += len(piece)
            if size > most:
                raise TooMuch
            yield piece


def _told_size(headers: httpx.Headers) -> int | None:
    told = headers.get("Content-Length", "")
    # More digits are no size of anything.
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 20 else None


class _Unpacking:
    def __init__(self, window: int) -> None:
        self._unpacker = zlib.decompressobj(window)
        # Some servers leave out the head that "deflate" should have.
        self._may_lack_head = window == zlib.MAX_WBITS

    def __call__(self, part: bytes) -> Iterator[bytes]:
        """Nothing is unpacked before somebody wants it."""
        piece = b""
        # A step that was full may have left something to come of what is used up already.
        while part or len(piece) == STEP:
            piece = self._step(part)
            part = self._unpacker.unconsumed_tail
            if piece:
                yield piece

    def _step(self, packed: bytes) -> bytes:
        try:
            piece = self._unpacker.decompress(packed, STEP)
        except zlib.error as error:
            if not self._may_lack_head:
                raise Garbled(str(error)) from None
            self._may_lack_head = False
            self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._step(packed)
        if self._unpacker.unused_data:
            raise Garbled("it goes on after its end")
        self._may_lack_head = False
        return piece

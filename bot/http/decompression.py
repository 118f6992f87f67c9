"""Decompression of HTTP bodies within a size limit.

httpx decompresses each read in one go: a megabyte on the wire becomes a gigabyte before its size can be checked.
"""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator

import httpx

# Sent with every request that has a size limit: an uncompressed body is no larger than it looks.
UNPACKED = {"Accept-Encoding": "identity"}
# Decompressed bytes at a time.
STEP = 64 * 1024
# In pieces of one byte the largest body takes longer to join than to send. A packet carries a thousand.
MOST_PIECES = 20_000
# Pieces after which the event loop is yielded. Measured: one read of the network brings up to ten thousand pieces.
PIECES_AT_A_TIME = 100
WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class BodyTooLarge(Exception):
    """`told` is the size in bytes in Content-Length, if there is one."""

    def __init__(self, told: int | None = None) -> None:
        super().__init__(f"more than is read of one answer ({told or 'an untold number of'} bytes)")
        self.told = told


class Garbled(Exception):
    """Body that cannot be decompressed, or has an encoding that was not accepted."""


async def pieces(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """Yield the decompressed body, in pieces of at most STEP bytes or of one read. Raises BodyTooLarge for more than
    `most` bytes, and Garbled."""
    async for piece in _unpacked(_stream(response), response.headers, most):
        yield piece


async def whole(response: httpx.Response, most: int) -> bytearray:
    """Return the whole body. Raises as `pieces` does."""
    content = bytearray()
    async for piece in pieces(response, most):
        content += piece
    return content


class BoundedTransport(httpx.AsyncByteStream):
    """Stream in place of a response's own for a client that reads it whole: decompressed, and more than `most` bytes
    raise RemoteProtocolError."""

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
        except (BodyTooLarge, Garbled) as error:
            raise httpx.RemoteProtocolError(str(error)) from None

    async def aclose(self) -> None:
        await self._stream.aclose()


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the response is not from an asynchronous client")
    return response.stream


async def _unpacked(stream: AsyncIterable[bytes], headers: httpx.Headers, most: int) -> AsyncIterator[bytes]:
    told = _told_size(headers)
    packing = headers.get("Content-Encoding", "").strip().lower()
    if told is not None and told > most:
        raise BodyTooLarge(told)
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
        # A compressed body may come without end and yield no output.
        if packed_size > most or count > MOST_PIECES:
            raise BodyTooLarge(told if unpack is None else None)
        if count % PIECES_AT_A_TIME == 0:
            await asyncio.sleep(0)
        for piece in [part] if unpack is None else unpack(part):
            size += len(piece)
            if size > most:
                raise BodyTooLarge
            yield piece


def _told_size(headers: httpx.Headers) -> int | None:
    told = headers.get("Content-Length", "")
    # More digits are no valid size.
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 20 else None


class _Unpacking:
    def __init__(self, window: int) -> None:
        self._unpacker = zlib.decompressobj(window)
        # Some servers omit the zlib header of "deflate".
        self._may_lack_head = window == zlib.MAX_WBITS

    def __call__(self, part: bytes) -> Iterator[bytes]:
        """Decompress lazily."""
        piece = b""
        # A full step may have left output of input that is consumed already.
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
            raise Garbled("data after the end of the compressed stream")
        self._may_lack_head = False
        return piece

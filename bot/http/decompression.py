"""Decompression of HTTP bodies within a size limit.

httpx decompresses each read in one go: a megabyte on the wire becomes a gigabyte before its size can be checked.
"""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator

import httpx

# Sent with every request that has a size limit: an uncompressed body is no larger than it looks.
IDENTITY = {"Accept-Encoding": "identity"}
# Decompressed bytes at a time.
STEP = 64 * 1024
# In pieces of one byte the largest body takes longer to join than to send. A packet carries a thousand.
MAX_PIECES = 20_000
# Pieces after which the event loop is yielded. Measured: one read of the network brings up to ten thousand pieces.
YIELD_EVERY = 100
WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class BodyTooLarge(Exception):
    """`content_length` is the size in bytes in Content-Length, if there is one."""

    def __init__(self, content_length: int | None = None) -> None:
        super().__init__(f"more than is read of one answer ({content_length or 'an untold number of'} bytes)")
        self.content_length = content_length


class Garbled(Exception):
    """Body that cannot be decompressed, or has an encoding that was not accepted."""


async def pieces(response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the decompressed body, in pieces of at most STEP bytes or of one read. Raises BodyTooLarge for more than
    `max_bytes` bytes, and Garbled."""
    async for piece in _decompressed(_stream(response), response.headers, max_bytes):
        yield piece


async def read_all(response: httpx.Response, max_bytes: int) -> bytearray:
    """Return the whole body. Raises as `pieces` does."""
    content = bytearray()
    async for piece in pieces(response, max_bytes):
        content += piece
    return content


class BoundedTransport(httpx.AsyncByteStream):
    """Stream in place of a response's own for a client that reads it whole: decompressed, and more than `max_bytes`
    raise RemoteProtocolError."""

    def __init__(self, response: httpx.Response, max_bytes: int) -> None:
        self._stream = _stream(response)
        self._headers = httpx.Headers(response.headers)
        self._max_bytes = max_bytes

    @classmethod
    def attach(cls, response: httpx.Response, max_bytes: int) -> None:
        response.stream = cls(response, max_bytes)
        response.headers.pop("Content-Encoding", None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in _decompressed(self._stream, self._headers, self._max_bytes):
                yield piece
        except (BodyTooLarge, Garbled) as error:
            raise httpx.RemoteProtocolError(str(error)) from None

    async def aclose(self) -> None:
        await self._stream.aclose()


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the response is not from an asynchronous client")
    return response.stream


async def _decompressed(stream: AsyncIterable[bytes], headers: httpx.Headers, max_bytes: int) -> AsyncIterator[bytes]:
    content_length = _content_length(headers)
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if content_length is not None and content_length > max_bytes:
        raise BodyTooLarge(content_length)
    if encoding in ("", "identity"):
        decompress = None
    elif encoding in WINDOWS:
        decompress = _Decompressor(WINDOWS[encoding])
    else:
        raise Garbled(f"packed as {encoding[:20]!r}")
    size = compressed_size = count = 0
    async for part in stream:
        count += 1
        compressed_size += len(part)
        # A compressed body may come without end and yield no output.
        if compressed_size > max_bytes or count > MAX_PIECES:
            raise BodyTooLarge(content_length if decompress is None else None)
        if count % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        for piece in [part] if decompress is None else decompress(part):
            size += len(piece)
            if size > max_bytes:
                raise BodyTooLarge
            yield piece


def _content_length(headers: httpx.Headers) -> int | None:
    value = headers.get("Content-Length", "")
    # More digits are no valid size.
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


class _Decompressor:
    def __init__(self, window: int) -> None:
        self._decompressor = zlib.decompressobj(window)
        # Some servers omit the zlib header of "deflate".
        self._may_lack_head = window == zlib.MAX_WBITS

    def __call__(self, part: bytes) -> Iterator[bytes]:
        """Decompress lazily."""
        piece = b""
        # A full step may have left output of input that is consumed already.
        while part or len(piece) == STEP:
            piece = self._step(part)
            part = self._decompressor.unconsumed_tail
            if piece:
                yield piece

    def _step(self, compressed: bytes) -> bytes:
        try:
            piece = self._decompressor.decompress(compressed, STEP)
        except zlib.error as error:
            if not self._may_lack_head:
                raise Garbled(str(error)) from None
            self._may_lack_head = False
            self._decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._step(compressed)
        if self._decompressor.unused_data:
            raise Garbled("data after the end of the compressed stream")
        self._may_lack_head = False
        return piece

"""TLS in front of the stand-ins, as MikoPBX's web server is, with a certificate of one's own."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.fixtures.certificates import Made


@contextmanager
def tls_front(address: str, shown: Made) -> Iterator[str]:
    """Yield the https address of what answers at `address`."""
    target = urlsplit(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.file, shown.key)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(_pass_on(reader, ahead), _pass_on(behind, writer))

    stop = asyncio.Event()
    started: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()

    async def serve() -> None:
        async with await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context) as server:
            started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop()))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    port, loop = started.result(10)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()

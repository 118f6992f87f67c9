"""Delivery outcome of each failure, seen through the real library over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.telegram.errors import (
    ButtonRefused,
    ChatMoved,
    DeliveryError,
    HtmlRefused,
    MaybeDelivered,
    MessageGone,
    Refused,
    TopicGone,
    TryLater,
    Undeliverable,
    classify,
)
from bot.telegram.http_pool import RecoveringRequest

TOKEN = "1234567890:" + "A" * 35
# They speak plain HTTP: the machine's certificates are not needed.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def error_of(address: str, read_timeout: float = 5.0) -> DeliveryError:
    plain: dict[str, Any] = {"httpx_kwargs": {"verify": PLAIN}}
    bot = Bot(
        TOKEN,
        base_url=f"{address}/bot",
        request=RecoveringRequest(read_timeout=read_timeout, connect_timeout=2, **plain),
        get_updates_request=RecoveringRequest(**plain),
    )
    pool = bot.request
    await pool.initialize()
    try:
        with pytest.raises(TelegramError) as caught:
            await bot.send_message(1, "hello")
    finally:
        await pool.shutdown()
    return classify(caught.value)


def says(status: str, body: str) -> Answer:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = body.encode()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()

    return answer


def refuses(code: int, description: str, parameters: str = "") -> Answer:
    return says(f"{code} X", f'{{"ok":false,"error_code":{code},"description":"{description}"{parameters}}}')


async def cuts(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


# Page of a proxy for an unknown address.
NGINX = "<html><head><title>404</title></head><body><center><h1>nginx</h1></center></body></html>"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refuses(400, "Bad Request: chat not found"), Undeliverable),
        (refuses(403, "Forbidden: bot was blocked by the user"), Undeliverable),
        (refuses(403, "Forbidden: bot was kicked from the supergroup chat"), Undeliverable),
        (refuses(400, "Bad Request: group moved", ',"parameters":{"migrate_to_chat_id":-100}'), ChatMoved),
        (refuses(400, "Bad Request: message to edit not found"), MessageGone),
        (refuses(400, "Bad Request: MESSAGE_ID_INVALID"), MessageGone),
        (refuses(400, "Bad Request: message thread not found"), TopicGone),
        (refuses(400, "Bad Request: TOPIC_CLOSED"), TopicGone),
        (refuses(400, "Bad Request: can't parse entities: unsupported start tag"), HtmlRefused),
        (refuses(400, "Bad Request: BUTTON_DATA_INVALID"), ButtonRefused),
        (refuses(403, "Forbidden: something never heard of"), Refused),
        (refuses(401, "Unauthorized"), TryLater),
        (refuses(404, "Not Found"), TryLater),
        *[
            (says(status, NGINX), TryLater)
            for status in ("400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict")
        ],
        (says("401 Unauthorized", '{"error": "login first"}'), TryLater),
        (refuses(500, "Internal Server Error"), TryLater),
        (says("502 Bad Gateway", "<html>bad gateway</html>"), TryLater),
        (says("504 Gateway Timeout", "<html>slow</html>"), MaybeDelivered),
        (says("200 OK", "<html>hotel</html>"), MaybeDelivered),
        (cuts, MaybeDelivered),
    ],
)
async def test_each_answer_has_one_meaning(answer: Answer, kind: type[DeliveryError]) -> None:
    async with server(answer) as address:
        assert type(await error_of(address)) is kind


async def test_the_time_that_telegram_names_is_kept() -> None:
    async with server(refuses(429, "Too Many Requests", ',"parameters":{"retry_after":17}')) as address:
        error = await error_of(address)
    assert isinstance(error, TryLater)
    assert (error.after, error.is_flood_limit) == (17.0, True)


async def test_an_address_where_nobody_listens_was_certainly_not_reached() -> None:
    async with server(cuts) as address:
        pass
    assert type(await error_of(address)) is TryLater


async def test_an_answer_that_does_not_come_leaves_it_open_whether_the_message_did() -> None:
    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(silence) as address:
        assert type(await error_of(address, read_timeout=0.2)) is MaybeDelivered


@pytest.mark.parametrize("text", ["chat not found in the list", "bot was blocked by the user", "user is deactivated?"])
def test_a_text_that_only_resembles_a_permanent_one_is_not_permanent(text: str) -> None:
    assert type(classify(BadRequest(text))) is Refused
    assert type(classify(Forbidden(text))) is Refused

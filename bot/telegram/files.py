"""Upload and download of files."""

from dataclasses import replace
from typing import Any, TypedDict

from telegram import Bot, InputFile, Message

from bot.access.policy import Destination
from bot.messages import masking
from bot.messages.message import File
from bot.messages.sanitize import sanitize

# Timeout in seconds: tens of megabytes over a slow line.
TRANSFER_TIMEOUT = 120.0


class Timeouts(TypedDict):
    connect_timeout: float
    read_timeout: float
    write_timeout: float
    pool_timeout: float


TIMEOUTS = Timeouts(connect_timeout=10, read_timeout=15, write_timeout=10, pool_timeout=10)


async def send(bot: Bot, to: Destination, file: File, caption: str | None, timeouts: Timeouts) -> Message:
    """Upload a file, with read and write timeouts of WITHIN. `caption` is Telegram HTML. Raises TelegramError."""
    common: dict[str, Any] = {
        "caption": caption,
        "parse_mode": "HTML" if caption else None,
        "message_thread_id": to.thread,
        **timeouts | {"write_timeout": TRANSFER_TIMEOUT, "read_timeout": TRANSFER_TIMEOUT},
    }
    upload = InputFile(file.content, filename=file.name)
    if file.kind == "photo":
        return await bot.send_photo(to.chat, upload, **common)
    if file.kind == "document":
        return await bot.send_document(to.chat, upload, disable_content_type_detection=True, **common)
    return await bot.send_audio(
        to.chat,
        upload,
        title=sanitize(file.title) or None,
        performer=sanitize(file.performer) or None,
        duration=file.seconds,
        **common,
    )


async def fetch(bot: Bot, file_id: str, timeouts: Timeouts) -> bytes:
    """Download a file, with a read timeout of WITHIN. Raises TelegramError."""
    found = await bot.get_file(file_id, **timeouts)
    return bytes(await found.download_as_bytearray(**timeouts | {"read_timeout": TRANSFER_TIMEOUT}))


def with_masked_names(file: File) -> File:
    """Mask the names of a file; its caption is masked where it is rendered."""
    name, title, performer = masking.masked([file.name, file.title, file.performer])
    return replace(file, name=name, title=title, performer=performer)

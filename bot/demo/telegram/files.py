"""Files of the bot and of people, with their content."""

import hashlib
import struct
from dataclasses import replace

from bot.demo.telegram.bot_api.params import UPLOAD_LIMIT, Params, Upload
from bot.demo.telegram.bot_api.refusal import BotApiRefused, bad_request
from bot.demo.telegram.model import Json, StoredFile

DOWNLOAD_LIMIT = 20 * 1024 * 1024
PHOTO_LIMIT = 10 * 1024 * 1024
AUDIO = (".mp3", ".m4a")
PICTURES = frozenset({"image/png", "image/jpeg"})
SOUNDS = frozenset({"audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm"})


class UploadedFiles:
    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}

    def add(self, kind: str, upload: Upload) -> StoredFile:
        """Store a file. Raises BotApiRefused for one that Telegram refuses."""
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > UPLOAD_LIMIT:
            raise BotApiRefused(413, "Request Entity Too Large")
        width, height = _photo_size(upload) if kind == "photo" else (0, 0)
        number = len(self._files) + 1
        unique = hashlib.sha256(f"{number}".encode() + upload.content[:1024]).hexdigest()[:16]
        name = upload.name.replace("/", "_")
        file = StoredFile(f"BQAC{unique}AAD", f"AQAD{unique}", kind, name, upload.mime, upload.content, width, height)
        self._files[file.id] = file
        return file

    def add_sound(self, kind: str, upload: Upload, said: Params) -> StoredFile:
        """Length and name are taken from the parameters, as by Telegram; audio that is neither MP3 nor M4A becomes a
        document."""
        if kind == "audio" and not upload.name.lower().endswith(AUDIO):
            return self.add("document", upload)
        file = self.add(kind, upload)
        duration = max(0, int(said.number("duration", 0)))
        named = replace(file, duration=duration, title=said.text("title"), performer=said.text("performer"))
        self._files[file.id] = named
        return named

    def find(self, file_id: str) -> StoredFile:
        file = self._files.get(file_id)
        if file is None:
            raise bad_request("wrong remote file identifier specified: Wrong string length")
        return file

    def by_unique_id(self, unique_id: str) -> StoredFile | None:
        return next((file for file in self._files.values() if file.unique_id == unique_id), None)

    def by_path(self, path: str) -> StoredFile | None:
        return next((file for file in self._files.values() if file.path == path), None)


def _photo_size(upload: Upload) -> tuple[int, int]:
    if len(upload.content) > PHOTO_LIMIT:
        raise bad_request(
            f"file of size {len(upload.content)} bytes is too big for a photo; the maximum size is 10485760 bytes"
        )
    size = _png_size(upload.content) or _jpeg_size(upload.content)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > 10_000 or max(size) > 20 * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return size


def _png_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return (width, height) if width and height else None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def file_fields(file: StoredFile) -> Json:
    base: Json = {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.content)}
    match file.kind:
        case "photo":
            return {"photo": [base | {"width": file.width, "height": file.height}]}
        case "audio" | "voice":
            named: Json = {"file_name": file.name, "title": file.title, "performer": file.performer}
            shown = {name: text for name, text in named.items() if text} if file.kind == "audio" else {}
            return {file.kind: base | {"duration": file.duration, "mime_type": file.mime} | shown}
    return {"document": base | {"file_name": file.name, "mime_type": file.mime}}

"""Recordings: access tokens valid for an hour, and the audio."""

import re
import secrets
from dataclasses import dataclass

from bot.demo.pbx.telephony import sounds
from bot.demo.pbx.telephony.cdr import Row
from bot.demo.pbx.web.envelope import Plain

TOKEN_SECONDS = 3600
_MOST_TOKENS = 50_000
# Seconds; longer talks are cut.
_LONGEST = 120


class Tokens:
    """Tokens: a new one at each read of a leg; each use renews it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Row, float]] = {}

    def mint(self, row: Row, now: float) -> str:
        if len(self._kept) >= _MOST_TOKENS:
            del self._kept[next(iter(self._kept))]
        token = secrets.token_hex(16)
        self._kept[token] = (row, now + TOKEN_SECONDS)
        return token

    def row(self, token: str, now: float) -> Row | None:
        row, expires = self._kept.get(token, (None, 0.0))
        if row is None or expires < now:
            return None
        self._kept[token] = (row, now + TOKEN_SECONDS)
        return row


@dataclass(frozen=True)
class RecordingFiles:
    """Settings of the control page: `megabytes` is the size of each WAV (0: by the length of the talk)."""

    megabytes: float = 0.0
    missing: bool = False

    def seconds(self, row: Row) -> int:
        if self.megabytes:
            return sounds.seconds_of(self.megabytes)
        return max(1, min(int(str(row["billsec"])), _LONGEST))


@dataclass(frozen=True)
class RecordingSetting:
    """Request for a recording. `range` is the Range header, or ""; `attachment` is the file name for a download."""

    format: str = ""
    range: str = ""
    attachment: str = ""


def sound(row: Row, shelf: RecordingFiles, wanted: RecordingSetting) -> Plain:
    """Return a WAV or an MP3; a WAV also for other formats, which the real PBX converts."""
    seconds, is_mp3 = shelf.seconds(row), wanted.format == "mp3"
    whole = sounds.mp3(seconds) if is_mp3 else sounds.wav(int(str(row["id"])), seconds)
    kind = "audio/mpeg" if is_mp3 else "audio/wav"
    headers = {"Accept-Ranges": "bytes", "X-Audio-Duration": str(seconds)}
    if wanted.attachment:
        headers["Content-Disposition"] = f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]", "_", wanted.attachment)}"'
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted.range)
    if not span:
        return Plain(whole, content_type=kind, headers=headers)
    first, last = int(span[1]), min(int(span[2] or len(whole)), len(whole) - 1)
    if first > last:
        return Plain(b"", 416, kind, headers | {"Content-Range": f"bytes */{len(whole)}"})
    part = {"Content-Range": f"bytes {first}-{last}/{len(whole)}"}
    return Plain(whole[first : last + 1], 206, kind, headers | part)

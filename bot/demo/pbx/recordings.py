"""Recordings: the tokens that let anybody listen for an hour, and a tone in place of the talk."""

import math
import re
import secrets
import struct
from functools import lru_cache

from bot.demo.pbx.cdr import Row
from bot.demo.pbx.envelope import Plain

TOKEN_SECONDS = 3600
_MOST_TOKENS = 50_000
_RATE = 8000
_LONGEST = 30


class Tokens:
    """A new token for every look at a leg; every use of one renews it."""

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


def sound(seconds: int, wanted_range: str, filename: str) -> Plain:
    """A WAV whatever format is asked for (the real one converts). `wanted_range` is the Range header, or empty."""
    whole = _tone(min(seconds, _LONGEST))
    headers = {"Accept-Ranges": "bytes", "X-Audio-Duration": str(min(seconds, _LONGEST))}
    if filename:
        headers["Content-Disposition"] = f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]", "_", filename)}"'
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted_range)
    if not span:
        return Plain(whole, content_type="audio/wav", headers=headers)
    first, last = int(span[1]), min(int(span[2] or len(whole)), len(whole) - 1)
    if first > last:
        return Plain(b"", 416, "audio/wav", headers | {"Content-Range": f"bytes */{len(whole)}"})
    part = {"Content-Range": f"bytes {first}-{last}/{len(whole)}"}
    return Plain(whole[first : last + 1], 206, "audio/wav", headers | part)


@lru_cache(maxsize=_LONGEST + 1)
def _tone(seconds: int) -> bytes:
    wave = bytes(int(128 + 40 * math.sin(2 * math.pi * 440 * step / _RATE)) for step in range(_RATE))
    samples = wave * max(1, seconds)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, _RATE, _RATE, 1, 8)
    return head + struct.pack("<4sI", b"data", len(samples)) + samples

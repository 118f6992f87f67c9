"""Audio of recordings: a distinct tone for every leg as a WAV, and silence of the same length as an MP3."""

import math
import struct
from functools import lru_cache

_RATE = 8000
_BYTES_A_SECOND = 2 * _RATE
MEGABYTE = 1024 * 1024
# MPEG-2 layer III at 16 kHz, mono: frames of 36 ms at 16 and at 8 kbit/s, mixed to a tenth of the WAV's size.
_LOUD, _QUIET = (bytes((0xFF, 0xF3, kind, 0xC4)).ljust(size, b"\0") for kind, size in ((0x28, 72), (0x18, 36)))
_FRAMES = _LOUD * 3 + _QUIET * 2
_FRAMES_SECONDS = 5 * 0.036


def wav(leg: int, seconds: int) -> bytes:
    samples = _second(220 + 20 * (leg % 40)) * seconds
    form = struct.pack("<IHHIIHH", 16, 1, 1, _RATE, _BYTES_A_SECOND, 2, 16)
    head = struct.pack("<4sI4s4s", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ") + form
    return head + struct.pack("<4sI", b"data", len(samples)) + samples


@lru_cache(maxsize=40)
def _second(pitch: int) -> bytes:
    wave = (int(9000 * math.sin(2 * math.pi * pitch * step / _RATE)) for step in range(_RATE))
    return struct.pack(f"<{_RATE}h", *wave)


def mp3(seconds: int) -> bytes:
    return _FRAMES * math.ceil(seconds / _FRAMES_SECONDS)


def seconds_of(megabytes: float) -> int:
    """Return the length of a WAV of that size, in seconds."""
    return math.ceil(megabytes * MEGABYTE / _BYTES_A_SECOND)

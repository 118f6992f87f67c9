"""Recording of a call, as the PBX sends it."""

from dataclasses import dataclass

import httpx

# Seconds: a day.
MAX_DURATION = 86_400


@dataclass(frozen=True, slots=True)
class Recording:
    """Recording. `content_type` as sent by the PBX; `seconds` of its length, None if unknown."""

    content: bytes
    content_type: str
    seconds: int | None


def seconds_of(response: httpx.Response) -> int | None:
    """Return the length that the PBX tells in X-Audio-Duration, None if it tells no possible one."""
    try:
        seconds = round(float(response.headers["X-Audio-Duration"]))
    except (KeyError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= MAX_DURATION else None

"""Finding out what became of a write that the PBX did not answer.

Measured: a real PBX created the employee half a minute after it had answered with a time-out. A queued write is dropped
35 s after it was asked for; later than that it surely will not be carried out.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.pbx import PbxError
from handlers.command import Request

T = TypeVar("T")

FOR = 45.0
EVERY = 3.0


async def read_back(request: Request, look: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    """What `look` finds within 45 s, and whether the PBX answered when it was asked last."""
    waited, seen = 0.0, False
    while waited < FOR:
        await request.station.pause(EVERY)
        waited += EVERY
        try:
            found = await look()
            seen = True
        except PbxError:
            seen = False
            continue
        if found is not None:
            return found, True
    return None, seen

"""Finding out what became of a write that the PBX did not answer, or whose answer a kill took away.

Measured: a real PBX created the employee half a minute after it had answered with a time-out. A queued write is dropped
35 s after it was asked for; later than that it surely will not be carried out.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.pbx import PbxError
from handlers.dispatch.declare import Request

T = TypeVar("T")

FOR = 45.0
EVERY = 3.0


async def read_back(request: Request, look: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    """What `look` finds within 45 s, and whether the PBX answered when it was asked last. What a killed run had begun
    is looked for at once: most of that was done long ago."""
    waited, seen = 0.0, False
    if request.resumed:
        found, seen = await _seen(look)
        if found is not None:
            return found, True
    while waited < FOR:
        await request.station.pause(EVERY)
        waited += EVERY
        found, seen = await _seen(look)
        if found is not None:
            return found, True
    return None, seen


async def _seen(look: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    try:
        return await look(), True
    except PbxError:
        return None, False

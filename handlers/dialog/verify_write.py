"""Outcome of a write that the PBX did not answer, or whose answer was lost with a killed run.

Measured: a real PBX created the employee half a minute after it had answered with a timeout. A queued write is dropped
35 s after it was asked for, and surely not carried out later than that.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.messages.message import Message
from bot.pbx import PbxError, Uncertain
from handlers.dispatch.request import Request

T = TypeVar("T")
Answered = TypeVar("Answered")
Found = TypeVar("Found")

FOR = 45.0
EVERY = 3.0
UNKNOWN = "unknown: the PBX does not answer"


@dataclass(frozen=True, slots=True)
class Written(Generic[Answered, Found]):
    """Result of a write: the PBX's `answer`; or, `late`, the value `found` by reading back. Not `seen`: the last read
    was not answered."""

    answer: Answered | None = None
    late: bool = False
    found: Found | None = None
    seen: bool = True


async def write(
    request: Request,
    change: Callable[[], Awaitable[Answered]],
    look: Callable[[], Awaitable[Found | None]],
    uncertain: Message,
) -> Written[Answered, Found]:
    """Carry `change` out. When the PBX does not answer it, do not retry: show `uncertain` and read back with `look`."""
    try:
        return Written(await change())
    except Uncertain:
        await request.chat.progress(uncertain)
        found, seen = await read_back(request, look)
        return Written(late=True, found=found, seen=seen)


def failure(outcome: str, *, seen: bool) -> str:
    """Word for the audit: `outcome` for a change that was read back and is not there, else that it is not known."""
    return outcome if seen else UNKNOWN


async def read_back(request: Request, look: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    """Retry `look` until it has a result, with a timeout of 45 s; return that, and True when the last read was
    answered. A resumed run reads at once first: most writes of a killed run were done long ago."""
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

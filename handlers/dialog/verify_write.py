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

READ_BACK_TIMEOUT = 45.0
READ_BACK_INTERVAL = 3.0
UNKNOWN = "unknown: the PBX does not answer"


@dataclass(frozen=True, slots=True)
class WriteResult(Generic[Answered, Found]):
    """Result of a write: the PBX's `answer`; or, `late`, the value `found` by reading back. Not `was_read`: the
    last read was not answered."""

    answer: Answered | None = None
    late: bool = False
    found: Found | None = None
    was_read: bool = True


async def write(
    request: Request,
    change: Callable[[], Awaitable[Answered]],
    read: Callable[[], Awaitable[Found | None]],
    uncertain: Message,
) -> WriteResult[Answered, Found]:
    """Carry `change` out. When the PBX does not answer it, do not retry: show `uncertain` and read back with `read`."""
    try:
        return WriteResult(await change())
    except Uncertain:
        await request.chat.progress(uncertain)
        found, was_read = await read_back(request, read)
        return WriteResult(late=True, found=found, was_read=was_read)


def failure(outcome: str, *, was_read: bool) -> str:
    """Word for the audit: `outcome` for a change that was read back and is not there, else that it is not known."""
    return outcome if was_read else UNKNOWN


async def read_back(request: Request, read: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    """Retry `read` until it has a result, with a timeout of 45 s; return that, and True when the last read was
    answered. A resumed run reads at once first: most writes of a killed run were done long ago."""
    waited, was_read = 0.0, False
    if request.resumed:
        found, was_read = await _try_read(read)
        if found is not None:
            return found, True
    while waited < READ_BACK_TIMEOUT:
        await request.station.pause(READ_BACK_INTERVAL)
        waited += READ_BACK_INTERVAL
        found, was_read = await _try_read(read)
        if found is not None:
            return found, True
    return None, was_read


async def _try_read(read: Callable[[], Awaitable[T | None]]) -> tuple[T | None, bool]:
    try:
        return await read(), True
    except PbxError:
        return None, False

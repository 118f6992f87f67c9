"""Long polls: wait for the next change while the client is connected."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request

T = TypeVar("T")


class ChangeCounter:
    """Counter of changes that can be awaited."""

    def __init__(self) -> None:
        self.seq = 0
        self._event = asyncio.Event()

    def ring(self) -> int:
        self.seq += 1
        self._event.set()
        self._event = asyncio.Event()
        return self.seq

    async def heard(self, after: int, seconds: float) -> int:
        """Return at the first change since `after` (also a past one), or after a timeout in seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.seq == after:
                    await self._event.wait()
        return self.seq


class ClientGone(Exception):
    """Disconnect of the client."""


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`. Raises ClientGone on a disconnect. The request's body must have been read."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

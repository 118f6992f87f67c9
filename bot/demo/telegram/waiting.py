"""Waiting on behalf of a client, for as long as the client is there."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Gone(Exception):
    """Nobody is there any more to take the answer."""


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of `work`, or Gone as soon as the client has hung up. The request's body must have been read."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

"""Long work in the event loop itself, done a slice at a time, so that everybody else has a turn between two of them.

For what is made of many small pieces that others sent: it takes a slow thread's place where each piece is quickly done.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

# Seconds. Many may work so at the same time, and each takes a slice before it is anybody's turn again.
SLICE = 0.005

T = TypeVar("T")
R = TypeVar("R")


class Slices:
    """To be asked between any two pieces of the work: `await slices.next()`."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE

    async def next(self) -> None:
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE


async def each(pieces: Iterable[T], work: Callable[[T], R]) -> list[R]:
    """What `work` makes of each, in their order."""
    made, slices = [], Slices()
    for piece in pieces:
        made.append(work(piece))
        await slices.next()
    return made


async def those(pieces: Iterable[T], fit: Callable[[T], bool]) -> list[T]:
    """Those that fit, in their order."""
    listed = list(pieces)
    return [piece for piece, fits in zip(listed, await each(listed, fit), strict=True) if fits]

"""Long work in the event loop, with other tasks scheduled between time slices.

For many small pieces of untrusted input that are each quickly done, instead of a thread.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

# Seconds. Many tasks may work so at once, and each takes a slice before it is another's turn.
SLICE = 0.005

T = TypeVar("T")
R = TypeVar("R")


class Slices:
    """Yield to other tasks once a slice is used up: call `await slices.next()` between pieces."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE

    async def next(self) -> None:
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE


async def each(pieces: Iterable[T], work: Callable[[T], R]) -> list[R]:
    """Return `work` applied to each piece, in order."""
    results, slices = [], Slices()
    for piece in pieces:
        results.append(work(piece))
        await slices.next()
    return results


async def matching(pieces: Iterable[T], predicate: Callable[[T], bool]) -> list[T]:
    """Return the pieces that fit, in order."""
    listed = list(pieces)
    return [piece for piece, fits in zip(listed, await each(listed, predicate), strict=True) if fits]

"""Lock that many tasks share, or one holds exclusively."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class PausableGroup:
    def __init__(self) -> None:
        self._running_count = 0
        self._changed = asyncio.Condition()
        self._is_pause_requested = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Shared section. Not reentrant within a task."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_pause_requested)
            self._running_count += 1
        try:
            yield
        finally:
            self._running_count -= 1
            async with self._changed:
                self._changed.notify_all()

    def as_running(self, job: Callable[[], Awaitable[T]]) -> Callable[[], Coroutine[Any, Any, T]]:
        async def run() -> T:
            async with self.running():
                return await job()

        return run

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Exclusive section: begins when no task is in `running`, and blocks new ones until it ends."""
        async with self._changed:
            self._is_pause_requested = True
            await self._changed.wait_for(lambda: self._running_count == 0)
        try:
            yield
        finally:
            self._is_pause_requested = False
            async with self._changed:
                self._changed.notify_all()

"""Lock that many tasks share, or one holds exclusively."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class PausableGroup:
    def __init__(self) -> None:
        self._moving = 0
        self._changed = asyncio.Condition()
        self._is_wanted = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Shared section. Not reentrant within a task."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_wanted)
            self._moving += 1
        try:
            yield
        finally:
            self._moving -= 1
            async with self._changed:
                self._changed.notify_all()

    def is_running(self, deed: Callable[[], Awaitable[T]]) -> Callable[[], Coroutine[Any, Any, T]]:
        async def moving() -> T:
            async with self.running():
                return await deed()

        return moving

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Exclusive section: begins when no task is in `running`, and blocks new ones until it ends."""
        async with self._changed:
            self._is_wanted = True
            await self._changed.wait_for(lambda: self._moving == 0)
        try:
            yield
        finally:
            self._is_wanted = False
            async with self._changed:
                self._changed.notify_all()

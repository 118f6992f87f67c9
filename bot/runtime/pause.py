"""Lock that many tasks share, or one holds exclusively."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class PausableGroup:
    def __init__(self) -> None:
        self._running_count = 0
        self._none_running = asyncio.Event()
        self._may_run = asyncio.Event()
        self._may_run.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Shared section. Not reentrant within a task."""
        # Another pause may begin before this task is awake.
        while not self._may_run.is_set():
            await self._may_run.wait()
        self._running_count += 1
        try:
            yield
        finally:
            self._running_count -= 1
            if not self._running_count:
                self._none_running.set()

    def as_running(self, job: Callable[[], Awaitable[T]]) -> Callable[[], Coroutine[Any, Any, T]]:
        async def run() -> T:
            async with self.running():
                return await job()

        return run

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Exclusive section: begins when no task is in `running`, and blocks new ones until it ends."""
        self._may_run.clear()
        try:
            while self._running_count:
                self._none_running.clear()
                await self._none_running.wait()
            yield
        finally:
            self._may_run.set()

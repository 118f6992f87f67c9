"""Share one task among concurrent equal requests."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any


class SingleFlight:
    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def do(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Return the pending task's result, or start one. Cancelling a waiter does not cancel the task."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(ask())
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Start new tasks for later callers."""
        self._tasks.clear()

    def _ended(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        # Retrieve the exception, since no waiter may be left.
        if not task.cancelled():
            task.exception()

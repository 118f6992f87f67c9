"""Questions whose answers are on their way: who asks the same in the meantime waits for that answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any


class UnderWay:
    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def join(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Whoever stops waiting leaves the others their answer."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(ask())
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Whoever asks from now on wants a new answer."""
        self._tasks.clear()

    def _ended(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        # Nobody may be left to whom it could be told.
        if not task.cancelled():
            task.exception()

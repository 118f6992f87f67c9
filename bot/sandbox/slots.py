"""Fair queue for a limited number of slots: one owner's tasks do not block the others'."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from bot.sandbox.task import TaskFailed, TaskFailure


class SlotPool:
    """At most `size` tasks at once, one of each owner.

    Waiting tasks are served in order, except those of an owner with a slot. Beyond `max_per_owner` of one owner, or
    `max_waiting` of all, TaskFailed is raised.
    """

    def __init__(self, size: int, *, max_per_owner: int = 2, max_waiting: int = 100) -> None:
        self._size = size
        self._max_per_owner = max_per_owner
        self._max_waiting = max_waiting
        self._active: set[Hashable] = set()
        self._waiting: deque[tuple[Hashable, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def slot(self, owner: Hashable) -> AsyncIterator[None]:
        if len(self._waiting) >= self._max_waiting or self._waiting_of(owner) >= self._max_per_owner:
            raise TaskFailed(TaskFailure.QUEUE_FULL)
        admitted = asyncio.get_running_loop().create_future()
        self._waiting.append((owner, admitted))
        self._admit()
        try:
            await admitted
            yield
        finally:
            if admitted.done() and not admitted.cancelled():
                self._active.discard(owner)
            else:
                self._waiting.remove((owner, admitted))
            self._admit()

    def _waiting_of(self, owner: Hashable) -> int:
        return sum(waiting == owner for waiting, _ in self._waiting)

    def _admit(self) -> None:
        for owner, admitted in [*self._waiting]:
            if len(self._active) >= self._size:
                return
            if owner not in self._active and not admitted.done():
                self._waiting.remove((owner, admitted))
                self._active.add(owner)
                admitted.set_result(None)

"""Fair queue for a limited number of slots: one owner's tasks do not block the others'."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from bot.sandbox.task import TaskFailed, TaskFailure


class SlotPool:
    """At most `most` tasks at once, one of each owner.

    Waiting tasks are served in order, except those of an owner with a slot. Beyond `waiting` of one owner, or `crowd`
    of all, TaskFailed is raised.
    """

    def __init__(self, most: int, *, waiting: int = 2, crowd: int = 100) -> None:
        self._most = most
        self._waiting_of_one = waiting
        self._crowd = crowd
        self._taken: set[Hashable] = set()
        self._waiting: deque[tuple[Hashable, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def slot(self, owner: Hashable) -> AsyncIterator[None]:
        if len(self._waiting) >= self._crowd or self._waits(owner) >= self._waiting_of_one:
            raise TaskFailed(TaskFailure.CROWD)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((owner, turn))
        self._let_in()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._taken.discard(owner)
            else:
                self._waiting.remove((owner, turn))
            self._let_in()

    def _waits(self, owner: Hashable) -> int:
        return sum(waiting == owner for waiting, _ in self._waiting)

    def _let_in(self) -> None:
        for owner, turn in [*self._waiting]:
            if len(self._taken) >= self._most:
                return
            if owner not in self._taken and not turn.done():
                self._waiting.remove((owner, turn))
                self._taken.add(owner)
                turn.set_result(None)

"""Queues of updates: in order within a lane, lanes side by side."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, NamedTuple

from telegram import Update

from bot.telegram.updates.summary import UpdateSummary

# Updates of people with only the role of a chat that are handled at once in it, and as many of their presses.
MAX_AT_ONCE_IN_CHAT = 8
# Queues longer than this are limited to MAX_LONG_AT_ONCE: the others come first.
LONG_QUEUE = 30
MAX_LONG_AT_ONCE = 2
# Long updates of one lane that are handled beside the next ones; a further one is waited for.
MAX_LEFT_BEHIND = 3
# Seconds between two updates of strangers, which leave time for everybody else.
STRANGER_INTERVAL = 0.1


class Lane(NamedTuple):
    """Queue of one person in one chat; presses and urgent commands have a second one, so that they do not wait for
    earlier messages of the same person."""

    chat: int
    person: int
    urgent: bool = False


# All of them together.
STRANGERS = Lane(0, -1)

# Chat, and whether its presses are meant: what shares MAX_AT_ONCE_IN_CHAT.
ChatSlots = tuple[int, bool]


@dataclass(frozen=True, slots=True)
class Item:
    """Update queued for its handler, with what was `decided` when it was stored. `recovered` from an earlier run is
    parsed only when it is handled; `crowded` updates share MAX_AT_ONCE_IN_CHAT. `is_unheard`: it was stored before, by
    a commit that was not confirmed."""

    update_id: int
    summary: UpdateSummary
    update: Update | None = None
    recovered: dict[str, Any] | None = None
    crowded: bool = False
    decided: Any = None
    is_unheard: bool = False

    @property
    def slots(self) -> ChatSlots:
        return slots_of(self.summary)


def slots_of(summary: UpdateSummary) -> ChatSlots:
    return summary.chat, summary.pressed


_overtake: ContextVar[Callable[[], None] | None] = ContextVar("overtake", default=None)


def let_next_begin() -> None:
    """Let the next update of the lane begin while this one goes on: called by the handler of a long one."""
    if (overtake := _overtake.get()) is not None:
        overtake()


class Lanes:
    """One queue and one task per lane. `work` must not raise."""

    def __init__(self, work: Callable[[Item], Awaitable[None]]) -> None:
        self._work = work
        self._queues: dict[Lane, deque[Item]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._left_behind = Counter[Lane]()
        self._long_slots = asyncio.Semaphore(MAX_LONG_AT_ONCE)
        self._chat_slots: defaultdict[ChatSlots, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(MAX_AT_ONCE_IN_CHAT)
        )
        # Crowded updates that are queued or handled.
        self._crowded = Counter[ChatSlots]()

    def put(self, lane: Lane, item: Item) -> None:
        queue = self._queues.setdefault(lane, deque())
        queue.append(item)
        if item.crowded:
            self._crowded[item.slots] += 1
        if len(queue) == 1:
            self._start_worker(lane, copy_context())

    def length(self, lane: Lane) -> int:
        """Return the number of queued updates, with the one being handled."""
        return len(self._queues.get(lane, ()))

    def length_in_chat(self, chat: int, *, urgent: bool | None = None) -> int:
        """Return the number of queued updates of a chat; `urgent` selects one kind of its lanes."""
        return sum(
            len(queue) for lane, queue in self._queues.items() if lane.chat == chat and urgent in (None, lane.urgent)
        )

    def begins_at_once(self, lane: Lane, coming: int, slots: ChatSlots | None, before: int) -> bool:
        """Return True if the next update of an idle lane would wait for nothing, were `coming` of them queued now.
        `slots` of a crowded one, with the number of those that are queued `before` it."""
        if self.length(lane) or coming > LONG_QUEUE:
            return False
        return slots is None or self._crowded[slots] + before < MAX_AT_ONCE_IN_CHAT

    async def drain(self, within: float) -> None:
        """Wait for the running tasks, with a timeout of `within` seconds, then cancel them."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=within)
        for worker in self._workers:
            worker.cancel()

    def _start_worker(self, lane: Lane, context: Context) -> None:
        worker = asyncio.create_task(self._run_lane(lane), context=context)
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _run_lane(self, lane: Lane) -> None:
        """Handle the updates of a lane, until one lets the next begin: those are another worker's."""
        queue, is_overtaken = self._queues[lane], False
        context = copy_context()

        def overtake() -> None:
            nonlocal is_overtaken
            if is_overtaken or self._left_behind[lane] >= MAX_LEFT_BEHIND:
                return
            is_overtaken = True
            self._left_behind[lane] += 1
            self._end_first(lane)
            if queue:
                # Without what the handler has set.
                self._start_worker(lane, context)

        _overtake.set(overtake)
        while queue:
            item = queue[0]
            if item.crowded:
                async with self._chat_slots[item.slots]:
                    await self._work(item)
                self._crowded -= Counter([item.slots])
            elif len(queue) > LONG_QUEUE:
                async with self._long_slots:
                    await self._work(item)
            else:
                await self._work(item)
            if is_overtaken:
                self._left_behind -= Counter([lane])
                return
            self._end_first(lane)
            if queue and lane is STRANGERS:
                await asyncio.sleep(STRANGER_INTERVAL)

    def _end_first(self, lane: Lane) -> None:
        self._queues[lane].popleft()
        if not self._queues[lane]:
            del self._queues[lane]

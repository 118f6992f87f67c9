"""Queues of updates: in order within a lane, lanes side by side."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
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
# Long updates of one chat that its MAX_AT_ONCE_IN_CHAT do not count any more; further ones they do.
MAX_LEFT_BEHIND_IN_CHAT = 8
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


@dataclass(slots=True)
class _Turn:
    """First update of a lane while it is handled. `has_slot`: it counts for MAX_AT_ONCE_IN_CHAT."""

    lane: Lane
    item: Item
    is_overtaken: bool = False
    has_slot: bool = False


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
        self._left_in_chat = Counter[ChatSlots]()
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
        queue, context = self._queues[lane], copy_context()
        while queue:
            turn = _Turn(lane, queue[0])
            # The next worker gets the context without what the handler has set.
            _overtake.set(partial(self._let_next_begin, turn, context))
            await self._run_turn(turn, is_long=len(queue) > LONG_QUEUE)
            if turn.is_overtaken:
                self._left_behind -= Counter([lane])
                return
            self._end_first(lane)
            if queue and lane is STRANGERS:
                await asyncio.sleep(STRANGER_INTERVAL)

    async def _run_turn(self, turn: _Turn, *, is_long: bool) -> None:
        if turn.item.crowded:
            await self._run_crowded(turn)
        elif is_long:
            async with self._long_slots:
                await self._work(turn.item)
        else:
            await self._work(turn.item)

    async def _run_crowded(self, turn: _Turn) -> None:
        slots = turn.item.slots
        await self._chat_slots[slots].acquire()
        turn.has_slot = True
        try:
            await self._work(turn.item)
        finally:
            if turn.has_slot:
                self._give_back_slot(turn)
            else:
                self._left_in_chat -= Counter([slots])

    def _let_next_begin(self, turn: _Turn, context: Context) -> None:
        if turn.is_overtaken or self._left_behind[turn.lane] >= MAX_LEFT_BEHIND:
            return
        turn.is_overtaken = True
        self._left_behind[turn.lane] += 1
        self._end_first(turn.lane)
        if turn.has_slot and self._left_in_chat[turn.item.slots] < MAX_LEFT_BEHIND_IN_CHAT:
            self._left_in_chat[turn.item.slots] += 1
            self._give_back_slot(turn)
        if turn.lane in self._queues:
            self._start_worker(turn.lane, context)

    def _give_back_slot(self, turn: _Turn) -> None:
        turn.has_slot = False
        self._crowded -= Counter([turn.item.slots])
        self._chat_slots[turn.item.slots].release()

    def _end_first(self, lane: Lane) -> None:
        self._queues[lane].popleft()
        if not self._queues[lane]:
            del self._queues[lane]

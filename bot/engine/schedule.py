"""Schedule of the polls of all stations."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Histogram

from bot.engine.agenda import Agenda, Entry
from bot.runtime.waiting import wait_until
from bot.runtime.watchdog import Loop

log = structlog.get_logger(__name__)

LONGEST_REST = 60.0
AFTER_A_FAILURE = 10.0
# Every step of a poll has a shorter timeout: a poll that takes longer hangs. Seconds.
LONGEST_LOOK = 480.0
# A task that ignores cancellation for this long is abandoned. Seconds.
CANCELLED_WITHIN = 10.0

Look = Callable[[], Awaitable[float]]


@dataclass(slots=True)
class _Running:
    turn: Entry
    began: float
    task: asyncio.Task[float]
    is_broken_off: bool = False


class Schedule:
    """Run one task at most for each station; a hung poll is cancelled and restarted, and a slow one delays no other.

    A poll returns the seconds from its start to the next one. `lateness` observes seconds between due and start;
    `turned` is called as a sign of life, whatever polls do.
    """

    def __init__(
        self,
        lateness: Histogram | None = None,
        loop: Loop | None = None,
        *,
        longest: float = LONGEST_LOOK,
        cancelled_within: float = CANCELLED_WITHIN,
    ) -> None:
        self._lateness = lateness
        self._loop = loop or Loop()
        self._longest = longest
        self._cancelled_within = cancelled_within
        self._agenda = Agenda()
        self._looks: dict[str, Look] = {}
        self._running: dict[str, _Running] = {}
        # Stations to poll again as soon as the running poll ends.
        self._hurried: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, station: str, look: Look, interval: float) -> None:
        """Add a station; first poll within `interval` seconds."""
        self._looks[station] = look
        self._agenda.add(station, interval, asyncio.get_running_loop().time())
        self._changed.set()

    async def remove(self, station: str) -> None:
        """Remove a station and cancel the task of its running poll, with a timeout of `cancelled_within` seconds."""
        self._agenda.remove(station)
        self._looks.pop(station, None)
        if (running := self._running.get(station)) is not None:
            running.task.cancel()
            await asyncio.wait({running.task}, timeout=self._cancelled_within)
            self._end(running)

    def force(self, station: str) -> None:
        """Poll now. A running poll may have begun too early to see the change, so another follows it."""
        if station in self._running:
            self._hurried.add(station)
        else:
            self._agenda.expedite(station, asyncio.get_running_loop().time())
            self._changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Start a task for each due poll until `stop`, then wait for the running tasks."""
        loop = asyncio.get_running_loop()
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._changed.set())
        try:
            while not stop.is_set():
                self._loop.turned()
                self._changed.clear()
                now = loop.time()
                self._break_off_what_hangs(now)
                for turn in self._agenda.take(now):
                    self._begin(turn, now)
                due = self._agenda.next_due
                latest = now + min(LONGEST_REST, self._longest)
                await wait_until(self._changed, latest if due is None else min(due, latest))
            await asyncio.gather(*(running.task for running in self._running.values()), return_exceptions=True)
        finally:
            stopping.cancel()

    def _begin(self, turn: Entry, now: float) -> None:
        if self._lateness is not None:
            self._lateness.observe(now - turn.due)
        task = asyncio.create_task(self._look(turn.station, self._looks[turn.station]))
        running = self._running[turn.station] = _Running(turn, now, task)
        task.add_done_callback(lambda _: self._end(running))

    def _break_off_what_hangs(self, now: float) -> None:
        for station, running in list(self._running.items()):
            lasts = now - running.began
            if lasts >= self._longest and not running.is_broken_off:
                log.error("poll timed out, restarted", station=station)
                running.is_broken_off = True
                running.task.cancel()
            elif lasts >= self._longest + self._cancelled_within:
                log.error("cancelled poll does not end, another started beside it", station=station)
                self._end(running)

    async def _look(self, station: str, look: Look) -> float:
        try:
            return await look()
        except Exception:
            log.exception("poll failed", station=station)
            return AFTER_A_FAILURE

    def _end(self, running: _Running) -> None:
        turn, task = running.turn, running.task
        if self._running.get(turn.station) is not running:
            return
        before, now = self._agenda.next_due, asyncio.get_running_loop().time()
        del self._running[turn.station]
        known = task.done() and not task.cancelled()
        self._agenda.reschedule(turn, task.result() if known else AFTER_A_FAILURE, now)
        if turn.station in self._hurried:
            self._hurried.discard(turn.station)
            self._agenda.expedite(turn.station, now)
        if self._agenda.next_due != before:
            self._changed.set()

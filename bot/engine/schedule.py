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

MAX_SLEEP = 60.0
RETRY_AFTER = 10.0
# Every step of a poll has a shorter timeout: a poll that takes longer hangs. Seconds.
POLL_TIMEOUT = 480.0
# A task that ignores cancellation for this long is abandoned. Seconds.
CANCEL_TIMEOUT = 10.0

Poll = Callable[[], Awaitable[float]]


@dataclass(slots=True)
class _Running:
    entry: Entry
    started_at: float
    task: asyncio.Task[float]
    is_cancelled: bool = False


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
        poll_timeout: float = POLL_TIMEOUT,
        cancel_timeout: float = CANCEL_TIMEOUT,
    ) -> None:
        self._lateness = lateness
        self._loop = loop or Loop()
        self._poll_timeout = poll_timeout
        self._cancel_timeout = cancel_timeout
        self._agenda = Agenda()
        self._polls: dict[str, Poll] = {}
        self._running: dict[str, _Running] = {}
        # Stations to poll again as soon as the running poll ends.
        self._forced: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, station: str, poll: Poll, interval: float) -> None:
        """Add a station; first poll within `interval` seconds."""
        self._polls[station] = poll
        self._agenda.add(station, interval, asyncio.get_running_loop().time())
        self._changed.set()

    async def remove(self, station: str) -> None:
        """Remove a station and cancel the task of its running poll, with a timeout of `cancel_timeout` seconds."""
        self._agenda.remove(station)
        self._polls.pop(station, None)
        if (running := self._running.get(station)) is not None:
            running.task.cancel()
            await asyncio.wait({running.task}, timeout=self._cancel_timeout)
            self._finish(running)

    def force(self, station: str) -> None:
        """Poll now. A running poll may have begun too early to see the change, so another follows it."""
        if station in self._running:
            self._forced.add(station)
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
                self._loop.mark_alive()
                self._changed.clear()
                now = loop.time()
                self._cancel_hung_polls(now)
                for entry in self._agenda.pop_due(now):
                    self._start(entry, now)
                due = self._agenda.next_due
                latest = now + min(MAX_SLEEP, self._poll_timeout)
                await wait_until(self._changed, latest if due is None else min(due, latest))
            await asyncio.gather(*(running.task for running in self._running.values()), return_exceptions=True)
        finally:
            stopping.cancel()

    def _start(self, entry: Entry, now: float) -> None:
        if self._lateness is not None:
            self._lateness.observe(now - entry.due)
        task = asyncio.create_task(self._poll(entry.station, self._polls[entry.station]))
        running = self._running[entry.station] = _Running(entry, now, task)
        task.add_done_callback(lambda _: self._finish(running))

    def _cancel_hung_polls(self, now: float) -> None:
        for station, running in list(self._running.items()):
            elapsed = now - running.started_at
            if elapsed >= self._poll_timeout and not running.is_cancelled:
                log.error("poll timed out, restarted", station=station)
                running.is_cancelled = True
                running.task.cancel()
            elif elapsed >= self._poll_timeout + self._cancel_timeout:
                log.error("cancelled poll does not end, another started beside it", station=station)
                self._finish(running)

    async def _poll(self, station: str, poll: Poll) -> float:
        try:
            return await poll()
        except Exception:
            log.exception("poll failed", station=station)
            return RETRY_AFTER

    def _finish(self, running: _Running) -> None:
        entry, task = running.entry, running.task
        if self._running.get(entry.station) is not running:
            return
        before, now = self._agenda.next_due, asyncio.get_running_loop().time()
        del self._running[entry.station]
        known = task.done() and not task.cancelled()
        self._agenda.reschedule(entry, task.result() if known else RETRY_AFTER, now)
        if entry.station in self._forced:
            self._forced.discard(entry.station)
            self._agenda.expedite(entry.station, now)
        if self._agenda.next_due != before:
            self._changed.set()

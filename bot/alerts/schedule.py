"""One schedule for the looks at all stations."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Histogram

from bot.alerts.agenda import Agenda, Turn

log = structlog.get_logger(__name__)

LONGEST_REST = 60.0
AFTER_A_FAILURE = 10.0

Look = Callable[[], Awaitable[float]]


class Schedule:
    """Each look returns the seconds from its beginning to the next one. A station that answers slowly keeps nobody
    waiting: there is at most one look at each, and one task for it. `lateness` takes the seconds between the moment at
    which a look was due and the one at which it began."""

    def __init__(self, lateness: Histogram | None = None) -> None:
        self._lateness = lateness
        self._agenda = Agenda()
        self._looks: dict[str, Look] = {}
        self._running: dict[str, asyncio.Task[float]] = {}
        # Whose look is to be followed by another at once.
        self._hurried: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, station: str, look: Look, interval: float) -> None:
        """Its first look comes within `interval` seconds."""
        self._looks[station] = look
        self._agenda.add(station, interval, asyncio.get_running_loop().time())
        self._changed.set()

    async def remove(self, station: str) -> None:
        """A look that is under way is broken off: when this returns, there is none."""
        self._agenda.remove(station)
        self._looks.pop(station, None)
        if (task := self._running.get(station)) is not None:
            task.cancel()
            await asyncio.wait({task})

    def hurry(self, station: str) -> None:
        """Look at once. A look that is under way does not count: it may have begun too early to see what is new."""
        if station in self._running:
            self._hurried.add(station)
        else:
            self._agenda.hasten(station, asyncio.get_running_loop().time())
            self._changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; looks that are under way then are waited for."""
        loop = asyncio.get_running_loop()
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._changed.set())
        try:
            while not stop.is_set():
                self._changed.clear()
                now = loop.time()
                for turn in self._agenda.take(now):
                    self._begin(turn, now)
                due = self._agenda.next_due
                await _until(self._changed, now + LONGEST_REST if due is None else due)
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        finally:
            stopping.cancel()

    def _begin(self, turn: Turn, now: float) -> None:
        if self._lateness is not None:
            self._lateness.observe(now - turn.due)
        task = asyncio.create_task(self._look(turn.station, self._looks[turn.station]))
        self._running[turn.station] = task
        task.add_done_callback(lambda _: self._end(turn, task))

    async def _look(self, station: str, look: Look) -> float:
        try:
            return await look()
        except Exception:
            log.exception("a look at a station failed inside the bot", station=station)
            return AFTER_A_FAILURE

    def _end(self, turn: Turn, task: asyncio.Task[float]) -> None:
        before, now = self._agenda.next_due, asyncio.get_running_loop().time()
        del self._running[turn.station]
        self._agenda.back(turn, AFTER_A_FAILURE if task.cancelled() else task.result(), now)
        if turn.station in self._hurried:
            self._hurried.discard(turn.station)
            self._agenda.hasten(turn.station, now)
        if self._agenda.next_due != before:
            self._changed.set()


async def _until(event: asyncio.Event, moment: float) -> None:
    """Of the loop's clock. Without a task of its own: it is waited a hundred times a second."""
    try:
        async with asyncio.timeout_at(moment):
            await event.wait()
    except TimeoutError:
        pass

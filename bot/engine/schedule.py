"""One schedule for the looks at all stations."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Histogram

from bot.engine.agenda import Agenda, Turn
from bot.runtime.waiting import until
from bot.runtime.watchdog import Loop

log = structlog.get_logger(__name__)

LONGEST_REST = 60.0
AFTER_A_FAILURE = 10.0
# Everything in a look has an end of its own, sooner than this: one that lasts longer hangs.
LONGEST_LOOK = 480.0
# What does not end when it is cancelled is left alone.
CANCELLED_WITHIN = 10.0

Look = Callable[[], Awaitable[float]]


@dataclass(slots=True)
class _Running:
    turn: Turn
    began: float
    task: asyncio.Task[float]
    is_broken_off: bool = False


class Schedule:
    """Each look returns the seconds from its beginning to the next one. A station that answers slowly keeps nobody
    waiting: there is at most one look at each, and one task for it; one that hangs is broken off and begun anew.
    `lateness` takes the seconds between the moment at which a look was due and the one at which it began; `turned` is
    told that the schedule goes on, whatever becomes of the looks."""

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
        # Whose look is to be followed by another at once.
        self._hurried: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, station: str, look: Look, interval: float) -> None:
        """Its first look comes within `interval` seconds."""
        self._looks[station] = look
        self._agenda.add(station, interval, asyncio.get_running_loop().time())
        self._changed.set()

    async def remove(self, station: str) -> None:
        """A look that is under way is broken off: when this returns, there is none that could be ended."""
        self._agenda.remove(station)
        self._looks.pop(station, None)
        if (running := self._running.get(station)) is not None:
            running.task.cancel()
            await asyncio.wait({running.task}, timeout=self._cancelled_within)
            self._end(running)

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
                self._loop.turned()
                self._changed.clear()
                now = loop.time()
                self._break_off_what_hangs(now)
                for turn in self._agenda.take(now):
                    self._begin(turn, now)
                due = self._agenda.next_due
                latest = now + min(LONGEST_REST, self._longest)
                await until(self._changed, latest if due is None else min(due, latest))
            await asyncio.gather(*(running.task for running in self._running.values()), return_exceptions=True)
        finally:
            stopping.cancel()

    def _begin(self, turn: Turn, now: float) -> None:
        if self._lateness is not None:
            self._lateness.observe(now - turn.due)
        task = asyncio.create_task(self._look(turn.station, self._looks[turn.station]))
        running = self._running[turn.station] = _Running(turn, now, task)
        task.add_done_callback(lambda _: self._end(running))

    def _break_off_what_hangs(self, now: float) -> None:
        for station, running in list(self._running.items()):
            lasts = now - running.began
            if lasts >= self._longest and not running.is_broken_off:
                log.error("a look at a station hangs; it is begun anew", station=station)
                running.is_broken_off = True
                running.task.cancel()
            elif lasts >= self._longest + self._cancelled_within:
                log.error("a look at a station does not even end; another one is begun beside it", station=station)
                self._end(running)

    async def _look(self, station: str, look: Look) -> float:
        try:
            return await look()
        except Exception:
            log.exception("a look at a station failed inside the bot", station=station)
            return AFTER_A_FAILURE

    def _end(self, running: _Running) -> None:
        turn, task = running.turn, running.task
        if self._running.get(turn.station) is not running:
            return
        before, now = self._agenda.next_due, asyncio.get_running_loop().time()
        del self._running[turn.station]
        known = task.done() and not task.cancelled()
        self._agenda.back(turn, task.result() if known else AFTER_A_FAILURE, now)
        if turn.station in self._hurried:
            self._hurried.discard(turn.station)
            self._agenda.hasten(turn.station, now)
        if self._agenda.next_due != before:
            self._changed.set()

"""One schedule for the looks at all stations."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot import metrics
from bot.alerts.agenda import Agenda, Turn
from bot.alerts.rest import rest

log = structlog.get_logger(__name__)

LONGEST_REST = 60.0
AFTER_A_FAILURE = 10.0

Look = Callable[[], Awaitable[float]]


class Schedule:
    """Each look returns the seconds from its beginning to the next one. A station that answers slowly keeps nobody
    waiting: there is at most one look at each, and one connection for it."""

    def __init__(self) -> None:
        self._agenda = Agenda()
        self._looks: dict[str, Look] = {}
        self._running: dict[Turn, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def add(self, station: str, look: Look, interval: float) -> None:
        self._looks[station] = look
        self._agenda.add(station, interval, asyncio.get_running_loop().time())
        self._changed.set()

    async def remove(self, station: str) -> None:
        """A look that is under way is broken off: when this returns, there is none."""
        self._agenda.remove(station)
        self._looks.pop(station, None)
        for turn, task in list(self._running.items()):
            if turn.station == station:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._changed.clear()
            now = loop.time()
            for turn in self._agenda.take(now):
                metrics.LATENESS.observe(now - turn.due)
                task = self._running[turn] = asyncio.create_task(self._look(turn))
                task.add_done_callback(lambda _, turn=turn: self._running.pop(turn))
            due = self._agenda.next_due
            await rest(self._changed, stop, LONGEST_REST if due is None else max(0.0, due - loop.time()))
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _look(self, turn: Turn) -> None:
        pause = AFTER_A_FAILURE
        try:
            pause = await self._looks[turn.station]()
        except Exception:
            log.exception("a look at a station failed inside the bot", station=turn.station)
        finally:
            before = self._agenda.next_due
            self._agenda.back(turn, pause, asyncio.get_running_loop().time())
            if self._agenda.next_due != before:
                self._changed.set()

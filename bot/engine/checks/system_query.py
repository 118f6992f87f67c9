"""Ask a PBX for the report on its system, which takes it seconds: at an interval, and after it may have restarted."""

from datetime import datetime, timedelta

from bot.engine.checks.base import TrunkWatch
from bot.pbx import Answer, Pbx
from bot.pbx.cached_query import CachedQuery
from bot.pbx.resources.system_report import SystemReport
from bot.runtime.clock import Clock

EVERY = timedelta(hours=6)
# An uptime is told to the minute: one start of the machine, by two reports, stays the same moment.
SAME_START = timedelta(minutes=2)


class SystemQuery:
    """Release of one PBX, and when its machine started."""

    def __init__(self, pbx: Pbx, watch: TrunkWatch, clock: Clock) -> None:
        self._pbx = pbx
        self._watch = watch
        self._clock = clock
        self.query: CachedQuery[SystemReport] = CachedQuery()
        self._started: datetime | None = None
        # Those of the watch when the report was asked for.
        self._interruptions = 0

    @property
    def release(self) -> str | None:
        return self.query.value.release if self.query.value is not None else None

    @property
    def machine_started(self) -> datetime | None:
        """Return when the machine of the PBX started. None if that is not told, or the machine may have restarted
        since it was: Asterisk's own restarts are told to no API key."""
        return None if self._may_have_restarted else self._started

    async def renew(self, now: datetime) -> None:
        await self.query.renew(self._ask, EVERY, now, at_once=self._may_have_restarted)

    @property
    def _may_have_restarted(self) -> bool:
        return self.query.value is not None and self._interruptions != self._watch.interruptions

    async def _ask(self) -> Answer[SystemReport]:
        # Read before the request: the PBX may restart while it answers.
        at, interruptions = self._clock(), self._watch.interruptions
        report = await self._pbx.system()
        started = at - report.uptime if report.uptime is not None else None
        if not (started and self._started and abs(started - self._started) <= SAME_START):
            self._started = started
        self._interruptions = interruptions
        return Answer(report)

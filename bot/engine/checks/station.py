"""All checks of one station."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.config.working_hours import WorkingHours
from bot.engine.checks.base import StateSink, Watch, WatchedNumbers
from bot.engine.checks.clock_drift import ClockDriftCheck
from bot.engine.checks.extensions import ExtensionCheck
from bot.engine.checks.no_calls import NoCallsCheck
from bot.pbx import Pbx
from bot.runtime.clock import Clock, Zone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoCallsConfig:
    """Interval without incoming calls that is unusual, and the hours it applies to; zero disables the check."""

    after: timedelta
    hours: WorkingHours


class StationChecks:
    """Checks of one station. While `watch` reports a fault, PBX answers about anything but trunks are inconclusive."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        book: StateSink,
        *,
        watched: WatchedNumbers,
        quiet: NoCallsConfig,
        zone: Zone,
        watch: Watch,
        clock: Clock,
    ) -> None:
        self._station = station
        self.clock = ClockDriftCheck(station, book)
        self.phones = ExtensionCheck(station, pbx, book, watched, watch, clock)
        self.calls = NoCallsCheck(station, pbx, book, quiet.after, quiet.hours, zone, watch, clock)

    def recall(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load the clock state from states by subject; the other checks load theirs when needed."""
        self.clock.recall(states)
        self.phones.forget()
        self.calls.forget()

    async def after_poll(self) -> None:
        """Evaluate observations beside the trunks. Errors are logged, not raised."""
        try:
            await self.clock.judge()
        except Exception:
            log.exception("clock check failed", station=self._station)

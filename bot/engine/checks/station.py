"""All lookouts of one station, and how those of the whole fleet are gone round to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.config.working_hours import WorkingHours
from bot.engine.checks.clock_drift import ClockLookout
from bot.engine.checks.extensions import ExtensionLookout
from bot.engine.checks.no_calls import NoCallsLookout
from bot.engine.checks.state_sink import Book, Watch, Watched
from bot.pbx import Pbx
from bot.runtime.clock import Clock, Zone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long without an incoming call, within which hours, is unusual; zero: nobody wants to know."""

    after: timedelta
    hours: WorkingHours


class StationLookouts:
    """Checks of one station beside that of its trunks."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        book: Book,
        *,
        watched: Watched,
        quiet: Quiet,
        zone: Zone,
        watch: Watch,
        clock: Clock,
    ) -> None:
        self._station = station
        self.clock = ClockLookout(station, book)
        self.phones = ExtensionLookout(station, pbx, book, watched, watch, clock)
        self.calls = NoCallsLookout(station, pbx, book, quiet.after, quiet.hours, zone, watch, clock)

    def recall(self, states: Mapping[str, dict[str, Any]]) -> None:
        """What is remembered of the station, by subject. The others read it when they need it."""
        self.clock.recall(states)
        self.phones.forget()
        self.calls.forget()

    async def after_a_look(self) -> None:
        """What the look at the trunks has shown beside them. Nothing that happens here fails the watch."""
        try:
            await self.clock.judge()
        except Exception:
            log.exception("the clock of the station could not be judged", station=self._station)

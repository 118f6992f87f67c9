"""All lookouts of one station, and how those of the whole fleet are gone round to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import structlog

from bot.config.working_hours import WorkingHours
from bot.engine.checks.clock_drift import ClockLookout
from bot.engine.checks.extensions import ExtensionLookout
from bot.engine.checks.no_calls import NoCallsLookout
from bot.engine.checks.state_sink import Book
from bot.pbx import Pbx

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long without an incoming call, within which hours, is unusual; zero: nobody wants to know."""

    after: timedelta
    hours: WorkingHours


class StationLookouts:
    """`in_trouble`: what the PBX says of anything but its trunks proves nothing now."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        book: Book,
        *,
        watched: Callable[[], Awaitable[frozenset[str]]],
        quiet: Quiet,
        zone: Callable[[], tzinfo],
        in_trouble: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._station = station
        self.clock = ClockLookout(station, book)
        self.phones = ExtensionLookout(station, pbx, book, watched, in_trouble, clock)
        self.calls = NoCallsLookout(station, pbx, book, quiet.after, quiet.hours, zone, in_trouble, clock)

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

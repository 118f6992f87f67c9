"""All lookouts of one station."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.alerts.lookouts.book import Book
from bot.alerts.lookouts.clock import ClockLookout
from bot.alerts.lookouts.extensions import ExtensionLookout
from bot.alerts.lookouts.incoming_calls import NoCallsLookout
from bot.alerts.lookouts.second_copy import SecondCopyLookout
from bot.pbx import Pbx
from bot.working_hours import WorkingHours


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
        self.clock = ClockLookout(station, book)
        self.second_copy = SecondCopyLookout(station, book, clock)
        self.phones = ExtensionLookout(station, pbx, book, watched, in_trouble, clock)
        self.calls = NoCallsLookout(station, pbx, book, quiet.after, quiet.hours, zone, in_trouble, clock)

    async def run(self, stop: asyncio.Event) -> None:
        lookouts = (self.clock, self.second_copy, self.phones, self.calls)
        await asyncio.gather(*(lookout.run(stop) for lookout in lookouts))

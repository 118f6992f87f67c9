"""Figures of a digest, counted while they are read: no call is kept."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.calls.digest_figures import DigestCount, DigestFigures, Usual, usual
from bot.calls.digest_schedule import WEEK, WEEKS, DigestPeriod
from bot.calls.missed_calls import contacts_until
from bot.oncall.local_time import wall_of
from bot.pbx import Pbx, Priority

# PBXs that are read at once for digests, which many chats want at the same time.
SLOTS = 4


@dataclass(frozen=True, slots=True)
class DigestContent:
    figures: DigestFigures
    usual: Usual | None


class FigureReader:
    """Reader that all stations share."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(SLOTS)

    async def read(self, pbx: Pbx, period: DigestPeriod, now: datetime, zone: tzinfo) -> DigestContent:
        """Read a period, and the same one of each of the weeks before, with the calls back as far as they were known at
        this time of that week. Raises PbxError."""
        local_now = wall_of(now, zone)
        async with self._slots:
            figures = await _figures(pbx, period, local_now)
            weeks = [await _figures(pbx, period.earlier(week), local_now - week * WEEK) for week in range(1, WEEKS + 1)]
        return DigestContent(figures, usual(weeks))


async def _figures(pbx: Pbx, period: DigestPeriod, local_now: datetime) -> DigestFigures:
    count = DigestCount(period.end)
    until = contacts_until(period.end, local_now)
    async for record in pbx.records.between(period.start, until, priority=Priority.BULK):
        count.add(record)
    # In a thread: it processes all callers of the period.
    return await asyncio.to_thread(count.figures)

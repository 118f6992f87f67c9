"""Which wall clock a station lives by."""

import asyncio
from datetime import UTC, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.pbx import Pbx, PbxError

log = structlog.get_logger(__name__)

# The next look waits for it.
ASKED_WITHIN = 15.0


class StationZone:
    """The zone from the settings, else the PBX's own, else the offset that its last answer carried, else UTC.

    The name of the zone needs a right on “Time Settings” that a careful key does not have; the offset stands in every
    answer, and is wrong only for times on the other side of a change of the clocks.
    """

    def __init__(self, configured: ZoneInfo | None) -> None:
        self._zone: ZoneInfo | None = configured
        self._offset: tzinfo = UTC

    def __call__(self) -> tzinfo:
        return self._zone or self._offset

    def saw(self, pbx_time: datetime | None) -> None:
        """Take the offset from the time that an answer carried."""
        if pbx_time is not None and (offset := pbx_time.utcoffset()) is not None:
            self._offset = timezone(offset)

    async def ask(self, pbx: Pbx) -> None:
        """Learn the zone's name, unless it is known already. Never raises for the PBX's sake."""
        if self._zone is not None:
            return
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                name = await pbx.time_zone()
            self._zone = ZoneInfo(name) if name else None
        except (PbxError, ZoneInfoNotFoundError, ValueError, OSError) as error:
            reason = str(error) or type(error).__name__
            log.info("the PBX's time zone is not known by name; its offset is used", reason=reason)

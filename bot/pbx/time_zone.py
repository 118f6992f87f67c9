"""Time zone of a station."""

import asyncio
from datetime import UTC, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.pbx import Pbx, PbxError

log = structlog.get_logger(__name__)

# Timeout in seconds: the next poll waits for it.
REQUEST_TIMEOUT = 15.0


class PbxTimeZone:
    """Zone from the settings, else the PBX's own, else the offset of its last answer, else UTC.

    The name of the zone needs a right on “Time Settings” that a restricted key does not have; the offset is in every
    answer, and is wrong only for times across a clock change.
    """

    def __init__(self, configured: ZoneInfo | None) -> None:
        self._zone: ZoneInfo | None = configured
        self._offset: tzinfo | None = None

    @property
    def known(self) -> tzinfo | None:
        """Zone, or offset; None until the PBX has answered."""
        return self._zone or self._offset

    def __call__(self) -> tzinfo:
        return self.known or UTC

    def observe(self, pbx_time: datetime | None) -> None:
        """Take the offset from the time of an answer."""
        if pbx_time is not None and (offset := pbx_time.utcoffset()) is not None:
            self._offset = timezone(offset)

    async def fetch(self, pbx: Pbx) -> None:
        """Fetch the zone's name, unless known. A timeout or PbxError is logged, and the next call retries."""
        if self._zone is not None:
            return
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                name = await pbx.time_zone()
            self._zone = ZoneInfo(name) if name else None
        except (PbxError, ZoneInfoNotFoundError, ValueError, OSError) as error:
            reason = str(error) or type(error).__name__
            log.info("PBX error, time zone name unknown, offset used", reason=reason)

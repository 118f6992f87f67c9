"""Time zone of a station."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot.pbx import Pbx, PbxError

log = structlog.get_logger(__name__)

# Timeout in seconds: the next poll waits for it.
REQUEST_TIMEOUT = 15.0
# An answer takes up to half a minute, and the PBX tells whole seconds.
MAX_NOISE = timedelta(minutes=1)


class PbxTimeZone:
    """Zone from the settings, else the PBX's own, else the offset of its last answer, else UTC.

    The name of the zone needs a right on “Time Settings” that a restricted key does not have; the offset is in every
    answer, and is wrong only for times across a clock change. `ahead`: how far the clock of the PBX is ahead of ours,
    which changes by more than MAX_NOISE only.
    """

    def __init__(self, configured: ZoneInfo | None) -> None:
        self._zone: ZoneInfo | None = configured
        self._offset: tzinfo | None = None
        self.ahead = timedelta(0)

    @property
    def known(self) -> tzinfo | None:
        """Zone, or offset; None until the PBX has answered."""
        return self._zone or self._offset

    def __call__(self) -> tzinfo:
        return self.known or UTC

    def observe(self, pbx_time: datetime | None, now: datetime) -> None:
        """Take the offset, and how far the clock is ahead, from the time in an answer received at `now`."""
        if pbx_time is None:
            return
        if (offset := pbx_time.utcoffset()) is not None:
            self._offset = timezone(offset)
        if abs(pbx_time - now - self.ahead) > MAX_NOISE:
            self.ahead = pbx_time - now

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

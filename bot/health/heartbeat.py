"""Heartbeat: a request a minute to an external monitor while the bot is healthy; the monitor alerts when it stops."""

import asyncio
from typing import Protocol

import httpx
import structlog
from pydantic import SecretStr

from bot.http import response_head
from bot.runtime.logs import OnChange
from bot.runtime.waiting import sleep_or_stop

log = structlog.get_logger(__name__)

EVERY = 60.0
CHECK_EVERY = 5.0
TIMEOUT = 10.0


class HealthSource(Protocol):
    def is_healthy(self) -> bool: ...


class Heartbeat:
    """Task that sends heartbeats only while `health` is proven: a program in a restart loop must not."""

    def __init__(self, url: SecretStr, health: HealthSource) -> None:
        self._url = url
        self._health = health
        self._last_error = OnChange("not tried yet")

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            is_healthy = self._health.is_healthy()
            if is_healthy:
                await self.beat()
            await sleep_or_stop(stop, EVERY if is_healthy else CHECK_EVERY)

    async def beat(self) -> None:
        """Send a heartbeat, with a timeout of TIMEOUT seconds and without a retry. Only the class of an error is
        logged: its text may quote the address, which is a secret. A new connection each time cannot be stuck."""
        try:
            reason = await self._call()
        except Exception as error:
            reason = type(error).__name__
        if self._last_error.is_new(reason):
            if reason is None:
                log.info("heartbeat delivered")
            else:
                log.warning("heartbeat to HEARTBEAT_URL failed", reason=reason)

    async def _call(self) -> str | None:
        async with (
            asyncio.timeout(TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as http,
        ):
            response_head.limit_head(http)
            async with http.stream("GET", self._url.get_secret_value()) as answer:
                return None if answer.is_success else f"HTTP {answer.status_code}"

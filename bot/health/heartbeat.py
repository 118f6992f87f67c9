"""The dead man's switch: somebody outside is called every minute while all is well, and raises the alarm when not."""

import asyncio
from typing import Protocol

import httpx
import structlog
from pydantic import SecretStr

from bot.http import response_head
from bot.runtime.logs import Changes
from bot.runtime.waiting import wait_for

log = structlog.get_logger(__name__)

EVERY = 60.0
LOOK_EVERY = 5.0
TIMEOUT = 10.0


class Health(Protocol):
    def is_well(self) -> bool: ...


class Heartbeat:
    """`is_well` must be proven: a program that starts again and again without ever working must not beat."""

    def __init__(self, url: SecretStr, health: Health) -> None:
        self._url = url
        self._health = health
        self._trouble = Changes("not tried yet")

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            well = self._health.is_well()
            if well:
                await self.beat()
            await wait_for(stop, EVERY if well else LOOK_EVERY)

    async def beat(self) -> None:
        """The address is a secret, and so is every text that could quote it: only the kind of failure is logged. A
        connection of its own each time cannot be stuck."""
        try:
            trouble = await self._call()
        except Exception as error:
            trouble = type(error).__name__
        if self._trouble.are(trouble):
            if trouble is None:
                log.info("the heartbeat is heard")
            else:
                log.warning("HEARTBEAT_URL does not take the heartbeat", reason=trouble)

    async def _call(self) -> str | None:
        async with (
            asyncio.timeout(TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as http,
        ):
            response_head.bound(http)
            async with http.stream("GET", self._url.get_secret_value()) as answer:
                return None if answer.is_success else f"HTTP {answer.status_code}"

"""Interface of the incident manager that checks need, and the base of checks fed by callbacks."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.incidents.model import StateChange

log = structlog.get_logger(__name__)


class Watch(Protocol):
    @property
    def in_trouble(self) -> bool:
        """True while the PBX proves only the state of its trunks."""


class WatchedNumbers(Protocol):
    async def numbers(self) -> frozenset[str]:
        """Extensions that are watched now."""


class StateSink(Protocol):
    """Load states, record changes."""

    async def load_states(self) -> Mapping[str, dict[str, Any]]:
        """Return the station's states by subject."""

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        """Store states and changes in one transaction; None deletes a state."""


class PushedCheck(ABC):
    """Check fed by callbacks and evaluated in a task of its own: callers neither wait nor see its errors."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Evaluate after each observation, until `stop`. Errors are logged."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            news = asyncio.create_task(self._news.wait())
            await asyncio.wait({news, stopped}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            self._news.clear()
            try:
                await self.judge()
            except Exception:
                log.exception("check failed", check=type(self).__name__)

    @abstractmethod
    async def judge(self) -> None:
        """Evaluate the latest observation; older ones are superseded."""

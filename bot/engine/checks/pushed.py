"""A lookout that is told by others what they see: they need not wait, and what it does with it cannot fail them."""

import asyncio
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger(__name__)


class ToldLookout(ABC):
    def __init__(self) -> None:
        self._news = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Judge what was told, until `stop`. Nothing that happens in it ends the lookout."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            news = asyncio.create_task(self._news.wait())
            await asyncio.wait({news, stopped}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            self._news.clear()
            try:
                await self.judge()
            except Exception:
                log.exception("what a lookout was told could not be judged", lookout=type(self).__name__)

    @abstractmethod
    async def judge(self) -> None:
        """Take in the newest that was told; what is older says the same, or does not matter any more."""

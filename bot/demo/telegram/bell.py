"""A number that grows with every change, and a way to wait for the next one."""

import asyncio
import contextlib


class Bell:
    def __init__(self) -> None:
        self.seq = 0
        self._event = asyncio.Event()

    def ring(self) -> int:
        self.seq += 1
        self._event.set()
        self._event = asyncio.Event()
        return self.seq

    async def heard(self, after: int, seconds: float) -> int:
        """Returns at the first change since `after` (also when it already happened), or after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.seq == after:
                    await self._event.wait()
        return self.seq

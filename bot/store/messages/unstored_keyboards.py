"""Keyboards that people may see already, and that are not committed yet: they are stored with the outcome of their
reply, after it was sent."""

import asyncio

# Seconds. A press is answered within some seconds or not at all.
MAX_WAIT = 10.0


class UnstoredKeyboards:
    def __init__(self) -> None:
        self._stored: dict[str, asyncio.Event] = {}

    def __contains__(self, keyboard_id: str) -> bool:
        return keyboard_id in self._stored

    def add(self, keyboard_id: str) -> None:
        self._stored[keyboard_id] = asyncio.Event()

    def discard(self, keyboard_id: str) -> None:
        """Let the presses of the keyboard go on: it is committed, or never will be."""
        if (stored := self._stored.pop(keyboard_id, None)) is not None:
            stored.set()

    async def wait(self, keyboard_id: str) -> None:
        """Wait until the keyboard is committed, for at most MAX_WAIT."""
        if (stored := self._stored.get(keyboard_id)) is None:
            return
        try:
            async with asyncio.timeout(MAX_WAIT):
                await stored.wait()
        except TimeoutError:
            self.discard(keyboard_id)

"""Waits that end early, and signals that notify other parts of the program of a change."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any


class Signal:
    """Notify the connected receivers, in order, within the task that sends."""

    def __init__(self, *receivers: Callable[..., object]) -> None:
        self._receivers = list(receivers)

    def connect(self, *receivers: Callable[..., object]) -> None:
        self._receivers += receivers

    def send(self, *args: Any) -> None:
        for receiver in self._receivers:
            receiver(*args)


async def sleep_or_stop(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `stop`, with a timeout in seconds. Never raises TimeoutError."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def wait_any(woken: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Wait until one of the two is set, with a timeout in seconds."""
    waits = [asyncio.create_task(event.wait()) for event in (woken, stop)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def wait_until(event: asyncio.Event, moment: float) -> None:
    """Wait for the event, with a timeout at that moment of the event loop's clock. Starts no task: the schedule waits a
    hundred times a second."""
    try:
        async with asyncio.timeout_at(moment):
            await event.wait()
    except TimeoutError:
        pass

"""Interruptible wait between two polls."""

import asyncio


async def rest(woken: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Wait until one of the two events is set, or for `seconds`."""
    waits = [asyncio.create_task(event.wait()) for event in (woken, stop)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

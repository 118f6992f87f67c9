"""Sleep that ends with the program."""

import asyncio
import contextlib


async def wait_for(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `stop`, with a timeout in seconds. Never raises TimeoutError."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

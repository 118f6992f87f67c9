"""Waiting that ends when the program does."""

import asyncio
import contextlib


async def wait_for(stop: asyncio.Event, seconds: float) -> None:
    """Until `stop`, for `seconds` at most."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

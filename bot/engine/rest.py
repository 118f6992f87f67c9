"""Between two looks: until the next is due, or somebody says that there is something new."""

import asyncio


async def rest(woken: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Until one of the two is set, for `seconds` at most."""
    waits = [asyncio.create_task(event.wait()) for event in (woken, stop)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

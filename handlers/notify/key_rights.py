"""Whether the key of a PBX may read what a chat asks to be told of: otherwise the chat would wait in vain."""

import asyncio
from datetime import timedelta

from bot.pbx import Forbidden, PbxError
from handlers.dispatch.request import Request

# A PBX that does not answer now is no reason to refuse. Seconds.
TIMEOUT = 5.0


async def check_key(request: Request) -> None:
    """Raises Forbidden without the right to the call records or to the calls that are up."""
    pbx, end = request.station.pbx, request.station.local(request.now)
    try:
        async with asyncio.timeout(TIMEOUT):
            async for _ in pbx.records.between(end - timedelta(minutes=1), end, named=False):
                break
            await pbx.calls.channels()
    except Forbidden:
        raise
    except (PbxError, TimeoutError):
        return

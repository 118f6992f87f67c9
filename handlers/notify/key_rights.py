"""Whether the key of a PBX may read what a chat asks to be told of: otherwise the chat would wait in vain.

A PBX that does not answer now is no reason to refuse.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.pbx import Forbidden, PbxError
from handlers.dispatch.request import Request

# Seconds.
TIMEOUT = 5.0


async def check_records(request: Request) -> None:
    """Raises Forbidden without the right to the call records."""
    async with _forbidden_only():
        await _read_records(request)


async def check_records_and_calls(request: Request) -> None:
    """Raises Forbidden without the right to the call records or to the calls that are up."""
    async with _forbidden_only():
        await _read_records(request)
        await request.station.pbx.calls.channels()


async def _read_records(request: Request) -> None:
    end = request.station.local(request.now)
    async for _ in request.station.pbx.records.between(end - timedelta(minutes=1), end, named=False):
        break


@asynccontextmanager
async def _forbidden_only() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TIMEOUT):
            yield
    except Forbidden:
        raise
    except (PbxError, TimeoutError):
        return

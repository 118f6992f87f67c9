"""Calendars from malicious servers: they do not block other tasks, and concurrent downloads are limited."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.engine import calendar_feed
from bot.engine.calendar_feed import CalendarFault, CalendarFeed, NoCalendar
from bot.http import decompression
from bot.sandbox.slots import SlotPool
from tests.fixtures.loop_probe import turns_of_others

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CRUMBS = b"1\r\nx\r\n" * 10_000


@asynccontextmanager
async def serving(*parts: bytes) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve the parts, or no response if there are none; yield the address and the number of concurrent connections at
    each accept."""
    there = 0
    seen = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal there
        there += 1
        seen.append(there)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
            if not parts:
                await reader.read()
        there -= 1
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", seen


async def trouble(place: str, *, owner: int = 1, places: SlotPool | None = None) -> CalendarFault:
    source = CalendarFeed(frozenset({place}))
    with pytest.raises(NoCalendar) as raised:
        await source.fetch(f"http://{place}/", owner=owner, places=places or SlotPool(1))
    return raised.value.trouble


async def test_a_calendar_in_crumbs_is_not_read_to_its_end() -> None:
    async with serving(CHUNKED, *[CRUMBS] * 5, b"0\r\n\r\n") as (place, _):
        assert await trouble(place) is CalendarFault.TOO_LARGE
    async with serving(CHUNKED, CRUMBS, b"0\r\n\r\n") as (place, _):
        text = await CalendarFeed(frozenset({place})).fetch(f"http://{place}/", owner=1)
        assert text == "x" * 10_000


async def test_what_comes_in_crumbs_lets_others_have_their_turns() -> None:
    class AtOnce(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield b"x"

    async with turns_of_others() as turns:
        assert len(await decompression.read_all(httpx.Response(200, stream=AtOnce()), 1_000_000)) == 10_000
    assert turns.count >= 50


async def test_few_are_fetched_at_once_one_of_each_owner_and_a_burst_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calendar_feed, "FETCH_WITHIN", 0.2)
    places = SlotPool(2, max_per_owner=2, max_waiting=6)
    async with serving() as (place, seen):
        told = await asyncio.gather(*(trouble(place, owner=number % 4, places=places) for number in range(12)))
        assert set(told) == {CalendarFault.NO_ANSWER}
        assert max(seen) <= 4  # The end of two cancelled connections may not be noticed yet.
        assert 2 <= len(seen) <= 8

"""Temporary payloads: readable until they expire, and popped once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.store.database import Database
from bot.store.messages.temporary_payloads import TemporaryPayloads, delete_expired

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


async def test_a_thing_is_taken_once_and_only_while_it_lasts(store_file: Path) -> None:
    now = NOW
    database = Database(f"sqlite:///{store_file}")
    temporary_payloads = TemporaryPayloads(database, lambda: now)
    first = await temporary_payloads.put({"secret": "s"}, timedelta(minutes=10))
    second = await temporary_payloads.put({"n": 2}, timedelta(minutes=10))
    assert first != second
    assert await temporary_payloads.peek(first) == {"secret": "s"}
    taken = await asyncio.gather(*(temporary_payloads.pop(first) for _ in range(5)))
    assert [payload for payload in taken if payload] == [{"secret": "s"}]
    now = NOW + timedelta(minutes=11)
    assert await temporary_payloads.peek(second) is None
    assert await temporary_payloads.pop(second) is None
    with database.begin() as session:
        delete_expired(session, now)
    now = NOW
    assert await temporary_payloads.peek(second) is None
    await database.close()

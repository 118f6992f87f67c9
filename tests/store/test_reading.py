"""A database opened for reading: nothing is changed, nothing waits for a writer."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store import database_facts
from bot.store.database import Database, DatabaseError
from bot.store.messages import blocked_chats
from bot.store.schema import NEWEST_REVISION

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


async def test_it_is_read_beside_a_writer_and_refuses_changes(address: str) -> None:
    writer, reader = Database(address), Database(address, read_only=True)
    await writer.open()
    try:
        await writer.run(blocked_chats.close, 7, "chat not found", NOW)
        with writer.begin() as session:
            blocked_chats.close(session, 8, "chat not found", NOW)
            assert await reader.run(blocked_chats.closed) == {7}
        assert await reader.run(blocked_chats.closed) == {7, 8}
        with pytest.raises(DatabaseError):
            await reader.run(blocked_chats.close, 9, "chat not found", NOW)
        facts = await reader.run(database_facts.read)
        assert (facts.revision, facts.machines) == (NEWEST_REVISION, 0 if writer.is_sqlite else 1)
    finally:
        await reader.close()
        await writer.close()


def test_of_an_idle_file_no_other_is_made_and_an_empty_one_has_no_revision(tmp_path: Path) -> None:
    async def revision() -> str | None:
        reader = Database(f"sqlite:///{tmp_path}/bot.sqlite3", read_only=True)
        try:
            return (await reader.run(database_facts.read)).revision
        finally:
            await reader.close()

    (tmp_path / "bot.sqlite3").touch()
    assert asyncio.run(revision()) is None
    assert [path.name for path in tmp_path.iterdir()] == ["bot.sqlite3"]

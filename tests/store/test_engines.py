"""What each engine must do alike."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.access.policy import EVERY_STATION
from bot.store.access.contacts import Contact, Contacts, record
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats, inbox
from bot.store.tables.chats import ClosedChat
from bot.store.tables.incidents import Incident
from tests.fixtures import postgresql

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LONG = "x" * 5000


@pytest.fixture
async def other(address: str) -> AsyncIterator[Database]:
    """Open the same database as another process does, e.g. `mikopbx-bot access`."""
    database = Database(address)
    yield database
    await database.close()


def take_in_next(session: Session) -> None:
    newest = max(inbox.unfinished(session), default=0)
    # Long enough for the other to come between.
    time.sleep(0.001)
    assert inbox.add_new(session, {newest + 1: {}}, NOW) == [newest + 1]


async def test_transactions_of_two_processes_are_one_after_another(threaded: Database, other: Database) -> None:
    await asyncio.gather(*(database.run(take_in_next) for _ in range(20) for database in (threaded, other)))
    assert list(await threaded.run(inbox.unfinished)) == list(range(1, 41))


async def test_two_processes_that_start_at_once_migrate_once(engine: str, tmp_path: Path) -> None:
    address = (
        postgresql.server().create("unmigrated") if engine == "postgresql" else f"sqlite:///{tmp_path / 'bot.sqlite3'}"
    )
    databases = [Database(address) for _ in range(2)]
    await asyncio.gather(*(database.open() for database in databases))
    for database in databases:
        assert await database.run(inbox.unfinished) == {}
        await database.close()


async def test_a_text_is_never_too_long(database: Database) -> None:
    with database.begin() as session:
        record(session, Contact(1, "Anna", LONG))
        session.add(
            Incident(station=LONG, subject=LONG, open_key=LONG, kind=LONG, facts={}, began_at=NOW, opened_at=NOW)
        )
    assert await Contacts(database).by_username(LONG, EVERY_STATION) == Contact(1, "Anna", LONG)


async def test_a_text_with_nul_is_stored(database: Database) -> None:
    with database.begin() as session:
        assert blocked_chats.close(session, 1, "kicked\x00out", NOW)
    with database.begin() as session:
        stored = session.get_one(ClosedChat, 1).reason
        assert (stored[:6], stored[7:]) == ("kicked", "out")

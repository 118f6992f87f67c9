"""Database guarantees: no duplicates, no loss, and a schema equal to the models."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table as SchemaTable
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from bot.app.retention_job import run_retention
from bot.store import retention
from bot.store.database import Database, Session
from bot.store.messages import inbox, keyboards, outbox, supergroups
from bot.store.schema import MIGRATIONS, NEWEST_REVISION
from bot.store.sqlite import NEWEST_SCHEMA, STATEMENT_END
from bot.store.tables import people
from bot.store.tables.base import Table
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Outgoing, Received
from tests.documents.schema import migrated, statements

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def row(chat_id: int = -100) -> dict[str, object]:
    return {"chat_id": chat_id, "thread_id": None, "template": "t", "facts": {}, "now": NOW}


async def test_the_migrations_make_the_tables_the_code_believes_in(threaded: Database) -> None:
    assert people.Pager.metadata is Table.metadata

    def differences(session: Session) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(session.connection()), Table.metadata))

    assert await threaded.run(differences) == []


def test_the_newest_migration_is_the_one_an_ordinary_start_expects() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST_REVISION


async def test_a_new_store_is_what_the_migrations_would_make_of_it(tmp_path: Path) -> None:
    assert NEWEST_SCHEMA.read_text() == migrated(), "run `make docs`"
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    await database.open()
    await database.close()
    assert statements(tmp_path / "new.sqlite3") == NEWEST_SCHEMA.read_text().split(STATEMENT_END)[:-1]
    with closing(sqlite3.connect(tmp_path / "new.sqlite3")) as new:
        assert new.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST_REVISION,)]


async def test_opening_a_store_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
        await database.open()
        with database.begin() as session:
            outbox.enqueue(session, **row())  # type: ignore[arg-type]
        await database.close()
    database = Database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    with database.begin() as session:
        assert outbox.queued_count(session) == 2
    await database.close()


async def test_the_tidying_leaves_nothing_in_the_log_beside_the_file(database: Database, store_file: Path) -> None:
    """Even when the program is idle: overwritten pages stay in the log until it is truncated."""
    log = store_file.with_name(f"{store_file.name}-wal")
    with database.begin() as session:
        inbox.add_new(session, {1: {"text": "secret"}}, NOW)
    assert log.stat().st_size > 0
    with closing(sqlite3.connect(store_file, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT * FROM inbox").fetchall()
        async with asyncio.timeout(30):
            await run_retention(database, NOW, timedelta(days=400), timedelta(days=1100))
        backup.execute("COMMIT")
    with database.begin() as session:
        inbox.finish(session, 1, NOW)
    await run_retention(database, NOW, timedelta(days=400), timedelta(days=1100))
    assert log.stat().st_size == 0


async def test_who_is_cancelled_in_the_middle_of_a_transaction_keeps_nobody_waiting(threaded: Database) -> None:
    """With the database's own thread: otherwise nobody could be cancelled."""
    chance = Random(1)

    def take_in(session: Session, update_id: int) -> None:
        inbox.add_new(session, {update_id: {}}, NOW)
        inbox.unfinished(session)

    for update_id in range(60):
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0, 0.004)):
                await threaded.run(take_in, update_id)
        async with asyncio.timeout(30):
            await threaded.run(take_in, 1000 + update_id)
    stored = await threaded.run(inbox.unfinished)
    assert set(range(1000, 1060)) <= set(stored)


async def test_an_update_is_taken_in_once(database: Database) -> None:
    with database.begin() as session:
        assert inbox.add_new(session, {7: {"a": 1}, 8: {"b": 2}}, NOW) == [7, 8]
    with database.begin() as session:
        assert inbox.add_new(session, {8: {"b": 2}, 9: {"c": 3}}, NOW) == [9]
        inbox.finish(session, 8, NOW)
    with database.begin() as session:
        assert inbox.unfinished(session) == {7: {"a": 1}, 9: {"c": 3}}
        assert inbox.add_new(session, {8: {"b": 2}}, NOW) == []


async def test_a_keyboard_for_one_press_is_pressed_once_by_whoever_is_first(database: Database) -> None:
    with database.begin() as session:
        session.add(keyboard := keyboards.new_keyboard(-100, [], now=NOW, station="", single_use=True))

    presses = [database.run(keyboards.use_once, keyboard.id, NOW) for _ in range(5)]
    assert sorted(await asyncio.gather(*presses)) == [False] * 4 + [True]


async def test_old_keyboards_are_forgotten_unless_a_message_still_needs_them(database: Database) -> None:
    old = NOW - keyboards.RETENTION - timedelta(days=1)
    with database.begin() as session:
        kept = keyboards.new_keyboard(-100, [], now=old, station="")
        gone = keyboards.new_keyboard(-100, [], now=old, station="")
        session.add(gone)
        outbox.enqueue(session, keyboard=kept, **row())  # type: ignore[arg-type]
    await retention.delete_expired(database, NOW)
    with database.begin() as session:
        assert keyboards.find_keyboard(session, kept.id) is not None
        assert keyboards.find_keyboard(session, gone.id) is None


def incident() -> Incident:
    return Incident(station="s", subject="t", open_key="s|t", kind="trunk_down", facts={}, began_at=NOW, opened_at=NOW)


async def test_two_open_incidents_of_one_trunk_are_impossible(database: Database) -> None:
    with database.begin() as session:
        session.add(incident())
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(incident())


async def test_what_was_being_sent_when_the_program_died_goes_again_and_says_so(database: Database) -> None:
    with database.begin() as session:
        sending = outbox.enqueue(session, **row())  # type: ignore[arg-type]
        outbox.enqueue(session, **row())  # type: ignore[arg-type]
    with database.begin() as session:
        assert outbox.claim(session, sending.id, NOW)
        assert not outbox.claim(session, sending.id, NOW)
    with database.begin() as session:
        assert outbox.recover_interrupted(session) == 1
    with database.begin() as session:
        found = session.get(Outgoing, sending.id)
        assert found is not None
        assert (found.state, found.possible_repeat) == ("uncertain", True)


async def test_a_moved_chat_is_followed_and_its_old_messages_are_out_of_reach(database: Database) -> None:
    with database.begin() as session:
        sent, waiting = (outbox.enqueue(session, **row()) for _ in range(2))  # type: ignore[arg-type]
    with database.begin() as session:
        outbox.mark_sent(session, sent.id, 41, NOW)
        supergroups.migrate(session, -100, -200, NOW)
        supergroups.migrate(session, -200, -300, NOW)
    with database.begin() as session:
        rows = [session.get(Outgoing, number) for number in (sent.id, waiting.id)]
        assert [(r.chat_id, r.message_id) for r in rows if r] == [(-300, None), (-300, None)]
        assert supergroups.migrations(session) == {-100: -300, -200: -300}


async def test_all_that_is_stored_of_a_group_is_of_the_supergroup_afterwards(database: Database) -> None:
    told = [table for table in Table.metadata.sorted_tables if "chat_id" in table.columns and table.name != "audit"]
    with database.begin() as session:
        for table in Table.metadata.sorted_tables:
            session.execute(insert(table).values(_filled(table, -100)))
        # The supergroup is known already, by another message than that of the migration.
        for table in told:
            if table.c.chat_id.primary_key:
                session.execute(insert(table).values(_filled(table, -200)))
        supergroups.migrate(session, -100, -200, NOW)
        left = {table.name: session.scalar(select(func.count()).where(table.c.chat_id == -100)) for table in told}
        kept = {table.name: session.scalar(select(func.count()).where(table.c.chat_id == -200)) for table in told}
    assert {"call_subscriptions", "missed_cards", "bindings", "outbox"} <= left.keys()
    assert set(left.values()) == {0}
    assert set(kept.values()) == {1}


async def test_a_chat_keeps_what_the_supergroup_has_not(database: Database) -> None:
    subscriptions = Table.metadata.tables["call_subscriptions"]
    with database.begin() as session:
        for chat, station, kind in ((-100, "acme", "missed"), (-100, "acme", "calls"), (-200, "acme", "missed")):
            row = _filled(subscriptions, chat) | {"station": station, "kind": kind}
            session.execute(insert(subscriptions).values(row))
        supergroups.migrate(session, -100, -200, NOW)
        found = session.execute(select(subscriptions.c.chat_id, subscriptions.c.kind)).all()
    assert sorted(found) == [(-200, "calls"), (-200, "missed")]


def _filled(table: SchemaTable, chat: int) -> dict[str, Any]:
    """Return a row with a value for each column that needs one."""
    values = {
        "DATETIME": NOW,
        "JSON": [],
        "BOOLEAN": False,
        "BLOB": b"x",
        "INTEGER": 1,
        "BIGINT": 1,
        "DATE": NOW.date(),
    }
    needed = [column for column in table.columns if not column.nullable]
    return {one.name: chat if one.name == "chat_id" else values.get(str(one.type), "x") for one in needed}


async def test_times_keep_their_moment_and_naive_ones_are_refused(database: Database) -> None:
    moscow = NOW.astimezone(timezone(timedelta(hours=3)))
    with database.begin() as session:
        kept = outbox.enqueue(session, **(row() | {"now": moscow}))  # type: ignore[arg-type]
    with database.begin() as session:
        found = session.get(Outgoing, kept.id)
        assert found is not None
        assert found.created_at == NOW
    with pytest.raises(StatementError), database.begin() as session:
        outbox.enqueue(session, **(row() | {"now": NOW.replace(tzinfo=None)}))  # type: ignore[arg-type]


async def test_an_error_of_the_store_does_not_repeat_what_people_wrote(database: Database) -> None:
    written = insert(Received).values(update_id=1, payload={"text": "a secret"}, received_at=NOW)

    async def write_twice() -> None:
        with database.begin() as session:
            session.execute(written)
            session.execute(written)

    with pytest.raises(IntegrityError) as error:
        await write_twice()
    assert "a secret" not in str(error.value)

"""What PostgreSQL does and SQLite does not: it ends connections, rolls back for the sake of others, and refuses some
texts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from bot.store.database import MAX_ATTEMPTS, Database, DatabaseError, OperationalError, Session
from bot.store.messages import inbox, outbox
from bot.store.tables.messages import Outgoing
from tests.fixtures import postgresql

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SERIALIZATION_FAILURE, DEADLOCK, DIVISION_BY_ZERO = "40001", "40P01", "22012"


@pytest.fixture
def engine() -> str:
    if not postgresql.is_available():
        pytest.skip("PostgreSQL is not installed")
    return "postgresql"


class Failing:
    """Takes an update in and is failed by the database with `state`, the first `times`."""

    def __init__(self, state: str, times: int) -> None:
        self._state = state
        self._left = times
        self.attempts = 0

    def __call__(self, session: Session) -> None:
        self.attempts += 1
        inbox.add_new(session, {1: {}}, NOW)
        if self._left:
            self._left -= 1
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'failed' USING ERRCODE = '{self._state}'; END $$"))


@pytest.mark.parametrize("state", [SERIALIZATION_FAILURE, DEADLOCK])
async def test_what_is_rolled_back_for_the_sake_of_another_is_repeated(threaded: Database, state: str) -> None:
    failing = Failing(state, times=2)
    await threaded.run(failing)
    assert failing.attempts == 3
    assert list(await threaded.run(inbox.unfinished)) == [1]


async def test_it_is_not_repeated_for_ever(threaded: Database) -> None:
    failing = Failing(DEADLOCK, times=100)
    with pytest.raises(OperationalError):
        await threaded.run(failing)
    assert failing.attempts == MAX_ATTEMPTS


async def test_what_fails_otherwise_is_not_repeated(threaded: Database) -> None:
    failing = Failing(DIVISION_BY_ZERO, times=1)
    with pytest.raises(DatabaseError):
        await threaded.run(failing)
    assert failing.attempts == 1
    assert await threaded.run(inbox.unfinished) == {}


@pytest.mark.parametrize("end", [postgresql.Server.end_connections, postgresql.Server.restart])
async def test_a_connection_that_the_server_ended_costs_one_transaction(
    threaded: Database, end: Callable[[postgresql.Server], None]
) -> None:
    await threaded.run(inbox.unfinished)
    end(postgresql.server())
    with pytest.raises(OperationalError):
        await threaded.run(inbox.unfinished)
    assert await threaded.run(inbox.add_new, {1: {}}, NOW) == [1]


async def test_a_connection_that_ends_amid_a_transaction_leaves_nothing_of_it(threaded: Database) -> None:
    def cut_off(session: Session) -> None:
        inbox.add_new(session, {1: {}}, NOW)
        postgresql.server().end_connections()
        inbox.add_new(session, {2: {}}, NOW)

    with pytest.raises(OperationalError):
        await threaded.run(cut_off)
    assert await threaded.run(inbox.unfinished) == {}


def cut_off_at_commit(database: Database, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Lose the connection during the next commit, after or before the server has carried it out."""
    dialect = database._engine.dialect
    commit = dialect.do_commit

    def cut_off(connection: Any) -> None:
        monkeypatch.setattr(dialect, "do_commit", commit)
        if after:
            commit(connection)
        connection.driver_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(dialect, "do_commit", cut_off)


async def test_what_was_committed_counts_though_nobody_heard_so(
    threaded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_at_commit(threaded, monkeypatch, after=True)
    assert await threaded.run(inbox.add_new, {1: {}}, NOW) == [1]
    assert list(await threaded.run(inbox.unfinished)) == [1]


async def test_what_was_not_committed_fails(threaded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off_at_commit(threaded, monkeypatch, after=False)
    with pytest.raises(OperationalError):
        await threaded.run(inbox.add_new, {1: {}}, NOW)
    assert await threaded.run(inbox.unfinished) == {}


async def test_who_does_not_get_the_lock_in_time_fails_and_goes_on_later(threaded: Database) -> None:
    await threaded.run(lambda session: session.connection().exec_driver_sql("SET lock_timeout = '50ms'"))
    with psycopg.connect(postgresql.server().url("reused")) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({postgresql.LOCK})")
        with pytest.raises(OperationalError):
            await threaded.run(inbox.add_new, {1: {}}, NOW)
    assert await threaded.run(inbox.add_new, {1: {}}, NOW) == [1]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\U0001f534 \\u0000 \\ud800", "\U0001f534 \\u0000 \\ud800"),
    ],
)
async def test_what_postgresql_cannot_hold_in_json_is_replaced(database: Database, written: str, read: str) -> None:
    with database.begin() as session:
        facts = {written: [written], "message": 7}
        outbox.enqueue(session, chat_id=1, thread_id=None, template="t", facts=facts, now=NOW)
    with database.begin() as session:
        (row,) = session.scalars(select(Outgoing)).all()
        assert row.facts == {read: [read], "message": 7}
        # As in the retention: PostgreSQL reads the whole value.
        found = select(Outgoing.id).where(Outgoing.facts["message"].as_integer() == 7)
        assert session.scalars(found).all() == [row.id]


async def test_of_the_audit_nothing_is_truncated(database: Database) -> None:
    for tables in ("audit_outcomes", "audit, audit_outcomes", "audit CASCADE"):
        with pytest.raises(DatabaseError, match="only ever added to"), database.begin() as session:
            session.execute(text(f"TRUNCATE {tables}"))

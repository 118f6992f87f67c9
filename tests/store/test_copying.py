"""Copy of a database to another engine: every row and value, or nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, DateTime, Integer, String, Table, insert, select

from bot.cli import main
from bot.store import copying, sealing
from bot.store.copying import CopyRefused
from bot.store.database import Database, Session
from bot.store.tables.audit import AuditEntry
from bot.store.tables.base import Table as BaseTable
from tests.fixtures import postgresql, stores

TOKEN = "1234567890:" + "A" * 35
# As it is stored: UTC without a zone.
NOW = datetime(2026, 11, 29, 12, 30, 15, 123456, tzinfo=UTC).replace(tzinfo=None)
ODD = ("", "Ünïcode 😀 'quoted' \\ \n", "x" * 1000)


def filled(column: Column[Any], number: int) -> Any:
    """Return a value for a column: odd ones, and None where it may be."""
    if column.foreign_keys:
        return None if column.nullable else number
    if column.nullable and number % 3 == 2:
        return None
    match column.type:
        case Boolean():
            return bool(number % 2)
        case BigInteger():
            return -number * 2**40
        case Integer():
            return number
        case DateTime():
            return NOW + timedelta(microseconds=number)
        case Date():
            return NOW.date() + timedelta(days=number)
        case JSON():
            return [{"text": ODD[number % 3], "none": None, "nested": [1, 2.5, True]}, "plain", {}][number % 3]
        case String():
            return f"{number} {ODD[number % 3]}" if column.primary_key or column.unique else ODD[number % 3]
    raise AssertionError(column)


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [{column.name: filled(column, number) for column in table.columns} for number in range(1, 4)]


def fill(session: Session) -> None:
    """Write three rows into each table, as they are stored."""
    connection = session.connection()
    for table in copying._tables(connection).values():
        connection.execute(insert(table), rows_of(table))


@pytest.fixture
async def office(tmp_path: Path) -> Database:
    sealing.use_token(TOKEN)
    database = Database(f"sqlite:///{tmp_path / 'office.sqlite3'}")
    await database.open()
    await database.run(fill)
    return database


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Address of a database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'copy.sqlite3'}"


def is_there(address: str) -> bool:
    return Path(address.removeprefix("sqlite:///")).exists()


def dump(database: Database) -> dict[str, list[Any]]:
    with database.begin() as session:
        connection = session.connection()
        tables = copying._tables(connection)
        return {
            name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.items()
        }


@pytest.mark.skipif(not postgresql.is_available(), reason="PostgreSQL is not installed")
async def test_a_site_moves_to_postgresql_and_back_without_losing_a_value(office: Database, address: str) -> None:
    before = dump(office)
    assert len(before) == len(BaseTable.metadata.tables)
    server, back = postgresql.empty(), Database(address)
    copied = await copying.copy(office, server)
    assert {table.name: table.rows for table in copied} == dict.fromkeys(before, 3)
    assert dump(server).keys() == before.keys()
    await copying.copy(server, back)
    assert dump(back) == before
    for database in (office, server, back):
        await database.close()


@pytest.mark.skipif(not postgresql.is_available(), reason="PostgreSQL is not installed")
async def test_new_rows_are_numbered_after_the_copied_ones(office: Database) -> None:
    server = postgresql.empty()
    await copying.copy(office, server)
    moment = NOW.replace(tzinfo=UTC)

    def add(session: Session) -> int:
        row = AuditEntry(
            at=moment,
            update_id=9,
            actor_id=1,
            actor_name="",
            chat_id=1,
            station="",
            what="",
            arguments="",
            permission="",
            allowed=True,
            reason="",
        )
        session.add(row)
        session.flush()
        return row.id

    assert await server.run(add) == 4
    await server.close()
    await office.close()


@pytest.mark.skipif(not postgresql.is_available(), reason="PostgreSQL is not installed")
async def test_what_postgresql_cannot_store_is_replaced(office: Database) -> None:
    def break_a_name(session: Session) -> None:
        connection = session.connection()
        connection.exec_driver_sql("UPDATE outbox SET error = 'a' || char(0) || 'b'")
        connection.exec_driver_sql("UPDATE outbox SET facts = ?", (r'{"x": "\u0000\ud83d"}',))

    await office.run(break_a_name)
    server = postgresql.empty()
    await copying.copy(office, server)
    (row, *_) = dump(server)["outbox"]
    assert (row["error"], row["facts"]) == ("a\ufffdb", {"x": "\ufffd\ufffd"})
    await server.close()
    await office.close()


async def test_into_a_database_with_rows_nothing_is_copied(office: Database, address: str) -> None:
    taken = Database(address)
    await copying.copy(office, taken)
    before = dump(taken)
    with pytest.raises(CopyRefused, match="has rows already"):
        await copying.copy(office, taken)
    assert dump(taken) == before


async def test_a_copy_that_differs_is_undone(office: Database, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Database(address)
    batches = copying._batches

    def losing_a_value(connection: Any, table: Table) -> Iterator[list[dict[str, Any]]]:
        for batch in batches(connection, table):
            if str(connection.engine.url).endswith("copy.sqlite3") and table.name == "audit":
                batch[0]["reason"] = "another"
            yield batch

    monkeypatch.setattr(copying, "_batches", losing_a_value)
    with pytest.raises(CopyRefused, match="audit differs"):
        await copying.copy(office, target)
    assert not any(dump(target).values())


async def test_a_database_of_another_version_is_refused(office: Database, address: str) -> None:
    def rename(session: Session) -> None:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0009'")

    await office.run(rename)
    with pytest.raises(CopyRefused, match="start this version with it once"):
        await copying.copy(office, Database(address))
    assert not is_there(address)


def test_the_command_says_what_it_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "a.sqlite3", f"sqlite:///{tmp_path / 'b.sqlite3'}"
    source.write_bytes(stores.empty().read_bytes())
    assert main(["database", "copy", f"sqlite:///{source}", target]) == 0
    assert "counts and checksums are the same in both databases" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("sqlite:///missing.sqlite3", "sqlite:///b.sqlite3", "there is no file missing.sqlite3"),
        ("sqlite:///a.sqlite3", "sqlite:///a.sqlite3", "both addresses are the same"),
        ("sqlite:///a.sqlite3", "sqlite:///./a.sqlite3", "both addresses are the same"),
        ("sqlite:///a.sqlite3", "sqlite://", "names no file"),
        ("mysql://x", "sqlite:///a.sqlite3", "cannot use"),
        ("nonsense", "sqlite:///a.sqlite3", "is not a database address"),
    ],
)
def test_the_command_says_why_it_copied_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["database", "copy", source, target]) == 1
    assert told in capsys.readouterr().err

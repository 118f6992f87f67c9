"""Copy a database to another one, of the same or of another engine."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.orm import Session

from bot.store.database import Database
from bot.store.schema import NEWEST_REVISION, revision_of
from bot.store.tables.base import Table as BaseTable

BATCH_SIZE = 1000


class CopyRefused(Exception):
    """Raised when nothing was copied; its text is the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """`checksum` of all values, equal in both databases."""

    name: str
    rows: int
    checksum: str


async def copy(source: Database, target: Database) -> list[CopiedTable]:
    """Copy all rows in one transaction of each database, and compare counts and checksums before the commit. Raises
    CopyRefused, and leaves the rows of the target as they were, unless it is empty."""
    # Before the target gets its tables.
    await source.run(_check_version)
    await target.open()
    return await source.run(_copy, target)


def _check_version(session: Session) -> None:
    if (revision := revision_of(session.connection())) != NEWEST_REVISION:
        raise CopyRefused(
            f"it is of {'no' if revision is None else 'another'} version of the bot; start this version with it once"
        )


def _copy(source_session: Session, target: Database) -> list[CopiedTable]:
    source = source_session.connection()
    with ExitStack() as stack:
        connection = stack.enter_context(target.begin()).connection()
        from_tables, to_tables = _tables(source), _tables(connection)
        if taken := [table.name for table in to_tables.values() if _count(connection, table)]:
            raise CopyRefused(f"the target has rows already, in {', '.join(taken)}; give an empty database")
        copied = [_copy_table(source, from_tables[name], connection, to_tables[name]) for name in from_tables]
        _continue_numbers(connection, to_tables)
    return copied


def _tables(connection: Connection) -> Mapping[str, Table]:
    """Return the tables as the database has them, those first that others refer to. Values that are encrypted stay so:
    the types of the bot's own tables would decrypt them."""
    found = MetaData()
    names = [table.name for table in BaseTable.metadata.sorted_tables]
    found.reflect(connection, only=names)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return {name: found.tables[name] for name in names}


def _copy_table(source: Connection, rows_of: Table, target: Connection, into: Table) -> CopiedTable:
    read = _Checksum()
    # PostgreSQL stores neither NUL nor halves of characters.
    is_strict = target.dialect.name == "postgresql"
    for batch in _batches(source, rows_of):
        rows = [_storable(row) for row in batch] if is_strict else batch
        for row in rows:
            read.add(row)
        target.execute(insert(into), rows)
    written = _Checksum()
    for batch in _batches(target, into):
        for row in batch:
            written.add(row)
    if (read.rows, read.digest) != (written.rows, written.digest):
        raise CopyRefused(f"the copy of {into.name} differs from the original; nothing was kept of it")
    return CopiedTable(into.name, read.rows, read.digest)


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Return the rows by primary key, so that rows come after the earlier ones of their table that they refer to."""
    in_order = select(table).order_by(*table.primary_key)
    rows = connection.execute(in_order, execution_options={"yield_per": BATCH_SIZE})
    for batch in rows.mappings().partitions():
        yield [dict(row) for row in batch]


def _storable(value: Any) -> Any:
    """Return the value with a replacement character for each NUL and each half of a character."""
    match value:
        case str():
            return re.sub("[\x00\ud800-\udfff]", "\ufffd", value)
        case dict():
            return {_storable(key): _storable(inner) for key, inner in value.items()}
        case list():
            return [_storable(inner) for inner in value]
    return value


class _Checksum:
    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row. The sum does not depend on the order, which engines have different ideas of for texts."""
        content = json.dumps(row, sort_keys=True, default=str).encode()
        self._total += int.from_bytes(hashlib.sha256(content).digest())
        self.rows += 1

    @property
    def digest(self) -> str:
        return f"{self._total % 2**256:064x}"


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _continue_numbers(connection: Connection, tables: Mapping[str, Table]) -> None:
    """Let PostgreSQL number new rows after the copied ones; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables.values():
        for column in table.primary_key:
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            ).scalar_one()
            newest = connection.execute(select(func.max(column))).scalar_one() if sequence is not None else None
            if newest is not None:
                connection.execute(text("SELECT setval(:sequence, :newest)"), {"sequence": sequence, "newest": newest})

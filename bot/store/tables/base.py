"""Base of all tables: column types of times and Telegram ids, and numbers that count per station."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, String, TypeDecorator, func, select
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """UTC time column. SQLite stores no time zone: naive times raise ValueError, UTC is set on read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


@compiles(String, "postgresql")
def _text(_type: String, _compiler: Any, **_options: Any) -> str:
    """Declare no lengths: SQLite does not enforce them, and a name a character too long must not end a transaction."""
    return "TEXT"


# Telegram ids exceed 32 bits.
TelegramId = Annotated[int, mapped_column(BigInteger)]


class Table(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 (SQLAlchemy's own form)


def next_number(context: DefaultExecutionContext) -> int:
    """Return the next number of the station, in the transaction that writes the row. Displayed numbers count per
    station: gaps would disclose events of others."""
    row: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    written: Any = context.compiled
    table = written.statement.table
    newest = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.station == row["station"])
    # With several rows in one statement, each number is requested before the first row exists.
    given: dict[str, int] = vars(context).setdefault("numbers_given", {})
    last = given.get(row["station"]) or context.connection.execute(newest).scalar_one()
    given[row["station"]] = last + 1
    return given[row["station"]]

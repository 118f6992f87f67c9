"""PostgreSQL through psycopg 3: transactions one at a time, as with SQLite."""

import json
import re
import time
from typing import Any

from psycopg import DataError
from psycopg.types.string import StrDumper
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

# Advisory lock that every transaction of the bot takes first, "miko" in ASCII. Without it two transactions that read
# and then write could each miss what the other writes; SQLite has one writer anyway.
LOCK = 0x6D696B6F
# Key of the connection's own memory.
TRANSACTION = "transaction"
# As long as a server takes to start again; seconds.
ASKED_TIMES, ASKED_EVERY = 20, 0.5
# Seconds until a connection counts as dead whose other side does not answer.
DEAD_AFTER = 20
# Names that the server shows for the bot, and for a look beside it.
BOT, READER = "mikopbx-bot", "mikopbx-bot check"
CONNECT_OPTIONS = {
    "application_name": BOT,
    "connect_timeout": 10,
    "keepalives_idle": DEAD_AFTER,
    "tcp_user_timeout": DEAD_AFTER * 1000,
    # As SQLite's busy timeout.
    "options": "-c lock_timeout=10s -c timezone=UTC",
}


def open_engine(url: URL, *, read_only: bool = False) -> Engine:
    """Open the engine; options in the address come before those of CONNECT_OPTIONS. One that is `read_only` takes no
    lock, and its server refuses every change."""
    options = {name: value for name, value in CONNECT_OPTIONS.items() if name not in url.query}
    if read_only:
        options |= {"options": "-c default_transaction_read_only=on -c timezone=UTC", "application_name": READER}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=1,
        max_overflow=1,
        pool_timeout=10,
        connect_args=options,
        json_serializer=_json,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _without_lock if read_only else _lock)
    return engine


class _TextDumper(StrDumper):
    """PostgreSQL stores no NUL in a text; people and PBXs may send one."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", "\ufffd"))


# Escapes in JSON: a character of two surrogates, one that PostgreSQL refuses, any other.
_ESCAPE = re.compile(r"(\\ud[89ab]..\\ud[c-f]..)|(\\u0000|\\ud[89a-f]..)|\\.")


def _json(value: Any) -> str:
    """Return JSON without NUL and without halves of characters: PostgreSQL stores them, but fails on every operator
    over a value that contains one. Raises DataError, as the driver does for other values that cannot be stored."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise DataError(str(error)) from error
    if "\\u0000" not in text and "\\ud" not in text:
        return text
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape[2] else escape[0], text)


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    adapters: Any = connection.adapters
    adapters.register_dumper(str, _TextDumper)


def _lock(connection: Connection) -> None:
    locked = connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK}), pg_current_xact_id()::text")
    connection.info[TRANSACTION] = locked.one()[1]


def _without_lock(connection: Connection) -> None:
    connection.info[TRANSACTION] = ""


def machines_connected(connection: Connection) -> int:
    """Return the number of machines from which a bot uses this database now, as far as the server shows them."""
    machines = "count(DISTINCT coalesce(client_addr::text, ''))"
    query = f"SELECT {machines} FROM pg_stat_activity WHERE datname = current_database()"  # noqa: S608
    return int(connection.exec_driver_sql(f"{query} AND application_name = '{BOT}'").scalar_one())


def transaction_of(connection: Connection) -> str:
    """Return the number of the connection's transaction."""
    return str(connection.info[TRANSACTION])


def was_committed(engine: Engine, transaction: str) -> bool:
    """Return True if a transaction was committed whose connection was lost during its commit. False if the server stays
    away."""
    for _ in range(ASKED_TIMES):
        try:
            with engine.connect() as connection:
                asked = connection.exec_driver_sql(f"SELECT pg_xact_status('{transaction}'::xid8)")
                return bool(asked.scalar_one() == "committed")
        except OperationalError:
            time.sleep(ASKED_EVERY)
    return False

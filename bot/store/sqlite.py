"""SQLite: one connection in WAL mode."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

import structlog
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from bot.runtime import file_modes

# What the migrations make of an empty file, written by `make docs`: running them all would take half a second of the
# first start.
NEWEST_SCHEMA = Path(__file__).parent / "migrations" / "newest.sql"
STATEMENT_END = ";\n\n"
BUSY_TIMEOUT = "busy_timeout=10000"
# Seconds that a reader waits for a writer; with a WAL it need not.
READ_TIMEOUT = 5.0

log = structlog.get_logger(__name__)


def open_engine(url: URL) -> Engine:
    """Open the engine. Only one thread uses it at a time, but for `Database.begin`, which waits for its turn in the
    pool."""
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
        pool_timeout=10,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", begin_immediate)
    return engine


def open_reading_engine(url: URL) -> Engine:
    """Open an engine that changes nothing, neither the file nor those beside it: see `address_for_reading`."""
    file = Path(url.database or "").absolute()

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address_for_reading(file), uri=True, timeout=READ_TIMEOUT, check_same_thread=False)

    return create_engine("sqlite://", creator=connect, hide_parameters=True, poolclass=StaticPool)


def address_for_reading(file: Path) -> str:
    """Return the URI of the file. Without a WAL no process has it open, and it is read as one that does not change:
    SQLite would create a WAL for the reader otherwise."""
    has_wal = file.with_name(f"{file.name}-wal").exists()
    return f"file:{quote(str(file))}?{'mode=ro' if has_wal else 'immutable=1'}"


def open_migration_engine(url: URL) -> Engine:
    """Open an engine without foreign keys: SQLite alters a table by recreating it, and cannot drop the old one while
    rows refer to it."""
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "begin", begin_immediate)
    return engine


def file_of(address: str) -> Path | None:
    """Return the file of a database address; None for another engine."""
    url = make_url(address)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def create_file(url: URL) -> None:
    """Create the file if it is missing, readable by its owner only."""
    file_modes.make_private(url.database or ":memory:")


def create_tables(connection: Connection, revision: str) -> None:
    """Create the tables of an empty file, as the migrations up to that revision do."""
    *statements, _ = NEWEST_SCHEMA.read_text("utf-8").split(STATEMENT_END)
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))


def vacuum(engine: Engine) -> None:
    """Rewrite the file, so that it contains no deleted data."""
    _outside_transactions(engine, "VACUUM")


def truncate_wal(engine: Engine) -> None:
    """Write the WAL into the database file and truncate it, so that deleted data is in neither. Skipped while another
    process reads, e.g. a backup."""
    _outside_transactions(engine, "PRAGMA busy_timeout=0", "PRAGMA wal_checkpoint(TRUNCATE)")


def begin_immediate(connection: Connection) -> None:
    """Begin with the lock: a transaction that reads and then writes would otherwise fail with "database is locked" at
    once, without the busy timeout."""
    # Measured: by way of SQLAlchemy it takes three times as long, twice for each command.
    cursor: sqlite3.Cursor = connection.connection.cursor()  # type: ignore[assignment]
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise OperationalError("BEGIN IMMEDIATE", None, error) from error


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # In WAL mode NORMAL survives a killed process, FULL also a power loss. Without a limit the WAL stays as large as
    # the largest transaction.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        BUSY_TIMEOUT,
        "journal_size_limit=8000000",
        # Overwrite deleted data: otherwise it stays in the file until it is reused.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _outside_transactions(engine: Engine, *statements: str) -> None:
    """Run the statements outside transactions. Errors are logged only: no caller depends on the result."""
    try:
        with engine.connect() as connection:
            cursor = connection.connection.cursor()
            try:
                for statement in statements:
                    cursor.execute(statement)
            finally:
                cursor.execute(f"PRAGMA {BUSY_TIMEOUT}")
                cursor.close()
    except (SQLAlchemyError, sqlite3.Error) as error:
        log.warning("database maintenance failed", reason=str(error).partition("\n")[0])

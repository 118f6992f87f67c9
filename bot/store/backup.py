"""Copy of an SQLite database, made while the bot runs by the backup that is part of SQLite."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PRIVATE = 0o600


class BackupRefused(Exception):
    """Raised with the reason in words; no file is left."""


@dataclass(frozen=True, slots=True)
class Backup:
    path: Path
    size: int
    revision: str


def back_up(database: Path, target: Path) -> Backup:
    """Copy the database into a new file of mode 600 and check the copy. Raises BackupRefused.

    The file gets its name when it is complete, so that an interrupted backup is not taken for one.
    """
    if not database.is_file():
        raise BackupRefused(f"there is no database {database}")
    if target.exists():
        raise BackupRefused(f"{target} exists already; name another file")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        revision = _copy(database, partial)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(_reason(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, revision)


def _copy(database: Path, target: Path) -> str:
    """Copy and check; return the revision of the tables."""
    address = f"{database.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        # In one step: in WAL mode the bot can write meanwhile, and no write begins the copy anew.
        source.backup(copy)
        # One file, without companions.
        copy.execute("PRAGMA journal_mode=DELETE")
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise BackupRefused(f"the copy is damaged, and so is perhaps the database: {found}")
        (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(revision)


def _reason(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return f"the copy cannot be written there: {error.strerror}; name a file in a folder of this account"
    return f"{error}; see whether the disk of the copy is full"

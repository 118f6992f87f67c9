"""`mikopbx-bot database backup`."""

import shlex
from pathlib import Path

from bot.store import sqlite
from bot.store.backup import BackupRefused, back_up


def back_up_with_report(address: str, target: Path) -> None:
    """Back up the database of this address, and print what was made. Raises BackupRefused."""
    database = sqlite.file_of(address)
    if database is None:
        raise BackupRefused(
            "PostgreSQL has a backup of its own: pg_dump --format=custom --no-owner "
            f"--file={shlex.quote(str(target))} and host, user and database as in DATABASE_URL"
        )
    made = back_up(database, target)
    print(f"{made.path}: {made.size:,} bytes, checked, tables of revision {made.revision}.")
    print("Keep .env in another place: with its token, this file shows everything.")

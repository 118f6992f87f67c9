"""Simulate a long downtime of the program without waiting."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.demo.pbx import StandinPbx

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?")


def time_passes(database: Path, station: StandinPbx, by: timedelta) -> None:
    """Shift all past events back by `by`, for the stopped program and for the PBX."""
    for trunk in station.trunks.values():
        trunk.changes = [replace(change, at=change.at - by.total_seconds()) for change in trunk.changes]
    _write_earlier(database, by)


def _write_earlier(path: Path, by: timedelta) -> None:
    """Shift all times in columns and in JSON, except in the audit, which is immutable."""

    def earlier(moment: re.Match[str]) -> str:
        written = moment.group()
        return (datetime.fromisoformat(written) - by).isoformat(written[10], "microseconds")

    with closing(sqlite3.connect(path)) as database, database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'audit%'")
        tables = found.fetchall()
        for (table,) in tables:
            rows = database.execute(f'SELECT rowid, * FROM "{table}"')  # noqa: S608 (a name from the database)
            names = [column[0] for column in rows.description[1:]]
            changes = ", ".join(f'"{name}" = ?' for name in names)
            for number, *values in rows.fetchall():
                moved = [MOMENT.sub(earlier, value) if isinstance(value, str) else value for value in values]
                if moved != values:
                    database.execute(f'UPDATE "{table}" SET {changes} WHERE rowid = ?', (*moved, number))  # noqa: S608

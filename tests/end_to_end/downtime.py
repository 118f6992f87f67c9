"""Simulate a long downtime of the program without waiting."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.demo.pbx import StandinPbx
from bot.store.tables.base import Table
from tests.fixtures.stored import Stored

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?")


def time_passes(database: Stored, station: StandinPbx, by: timedelta) -> None:
    """Shift all past events back by `by`, for the stopped program and for the PBX."""
    for trunk in station.trunks.values():
        trunk.changes = [replace(change, at=change.at - by.total_seconds()) for change in trunk.changes]
    _write_earlier(database, by)


def _write_earlier(database: Stored, by: timedelta) -> None:
    """Shift all times in columns and in JSON, except in the audit, which is immutable."""

    def earlier(moment: re.Match[str]) -> str:
        written = moment.group()
        return (datetime.fromisoformat(written) - by).isoformat(written[10], "microseconds")

    with database.transaction() as execute:
        for name, table in Table.metadata.tables.items():
            if name.startswith("audit"):
                continue
            columns = [f'"{column.name}"' for column in table.columns]
            rows = execute(f'SELECT {database.row_id}, {", ".join(columns)} FROM "{name}"')  # noqa: S608 (our own words)
            changes = ", ".join(f"{column} = ?" for column in columns)
            for number, *values in rows:
                moved = [MOMENT.sub(earlier, value) if isinstance(value, str) else value for value in values]
                if moved != values:
                    execute(f'UPDATE "{name}" SET {changes} WHERE {database.row_id} = ?', *moved, number)  # noqa: S608

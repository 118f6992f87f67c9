"""Imports of employees: rows and their results, saved after every step so that no step runs twice.

States: running → done; running → stopping → stopped → running. An import that was running when the program ended
resumes at the next start. A stopped or done import that is idle for a day lapses: all but its number is deleted.
"""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Text, cast, select, type_coerce, update
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.store.database import Database
from bot.store.tables.dialog import Import

RUNNING, STOPPING, STOPPED, DONE, LAPSED = "running", "stopping", "stopped", "done", "lapsed"
# A stopped import can be resumed for a day.
RESUMABLE_FOR = timedelta(days=1)
# After this many starts in a row without progress it is not retried; its person can resume it.
MAX_STARTS = 2


class Imports:
    """Imports of all stations. Each method is a transaction. `rows` are plain JSON that is not interpreted here."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, station: str, person_id: int, rows: list[dict[str, Any]]) -> int:
        now = self._clock()
        row = Import(station=station, person_id=person_id, state=RUNNING, rows=rows, begun_at=now, touched_at=now)
        await self._database.run(Session.add, row)
        return row.id

    async def find(self, station: str, import_id: int) -> Import | None:
        found = await self._database.run(find_import, import_id)
        return found if found is not None and found.station == station else None

    async def save(self, import_id: int, rows: list[dict[str, Any]], *, progress: bool = False) -> None:
        """Save the rows. `progress` resets the crash count: a row has got a result since the last crash."""
        more = {"crashes": 0} if progress else {}
        saved = update(Import).where(Import.id == import_id).values(rows=rows, touched_at=self._clock(), **more)
        await self._database.run(lambda session: session.execute(saved))

    async def mark_reported(self, import_id: int, lines: Container[int]) -> None:
        """Delete the passwords of delivered lines, or all rows if the import is done. Ignored while its task runs: its
        own report follows."""
        await self._database.run(_mark_reported, import_id, lines)

    async def end(self, import_id: int, rows: list[dict[str, Any]]) -> None:
        """Mark an import as done and reported."""
        done = update(Import).where(Import.id == import_id).values(state=DONE, rows=rows)
        await self._database.run(lambda session: session.execute(done))

    async def change_state(self, import_id: int, to: str, *, only_from: Sequence[str]) -> bool:
        """Change the state; return True for exactly one of concurrent callers."""
        changed = (
            update(Import)
            .where(Import.id == import_id, Import.state.in_(only_from))
            .values(state=to, touched_at=self._clock())
            .returning(Import.id)
        )
        return await self._database.run(lambda session: session.scalar(changed)) is not None


def find_import(session: Session, import_id: int) -> Import | None:
    """Return an import of any station."""
    return session.get(Import, import_id)


def _mark_reported(session: Session, import_id: int, lines: Container[int]) -> None:
    found = find_import(session, import_id)
    if found is None or found.state not in (STOPPED, DONE):
        return
    rows = [row | {"secret": "", "told": True} if row["line"] in lines else row for row in found.rows]
    found.rows = [] if found.state == DONE else rows


def mark_clean_shutdown(session: Session) -> None:
    """Reset the crash counts at a regular shutdown."""
    session.execute(update(Import).where(Import.state.in_((RUNNING, STOPPING))).values(crashes=0))


def interrupted(session: Session) -> Sequence[Import]:
    """Return the imports that were running when the program ended."""
    found = session.execute(select(Import).where(Import.state.in_((RUNNING, STOPPING))).order_by(Import.id))
    return found.scalars().all()


def mark_lapsed(session: Session, now: datetime) -> None:
    """Mark stopped and done imports that were idle for a day as lapsed, and delete their rows."""
    idle = Import.state.in_((STOPPED, DONE)), Import.touched_at <= now - RESUMABLE_FOR
    has_rows = cast(type_coerce(Import.rows, JSON), Text) != "[]"
    session.execute(update(Import).where(*idle, has_rows).values(state=LAPSED, rows=[]))

"""Imports of employees: what is asked for, what became of each, kept after every step so that nothing is done twice.

A life: running → done; running → stopping → stopped → running again. One that was running when the program ended
goes on at the next start. One with which nothing is done for a day lapses: it is forgotten but for its number.
"""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.store.database import Store
from bot.store.tables.incidents import Import

RUNNING, STOPPING, STOPPED, DONE, LAPSED = "running", "stopping", "stopped", "done", "lapsed"
# Whoever stopped it comes back within a day, or begins anew.
GOES_ON_WITHIN = timedelta(days=1)
# It was taken up at so many starts in a row without anything becoming of its rows: it waits for its person.
MAX_STARTS = 2


class Imports:
    """`rows` are plain JSON; what they hold is the import's own affair."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def begin(self, station: str, person_id: int, rows: list[dict[str, Any]]) -> int:
        now = self._clock()
        row = Import(station=station, person_id=person_id, state=RUNNING, rows=rows, begun_at=now, touched_at=now)
        async with self._store.begin() as session:
            session.add(row)
        return row.id

    async def find(self, station: str, import_id: int) -> Import | None:
        """One of that station."""
        async with self._store.begin() as session:
            found = await session.get(Import, import_id)
            return found if found is not None and found.station == station else None

    async def save(self, import_id: int, rows: list[dict[str, Any]], *, progress: bool = False) -> None:
        """`progress`: something became of a row, so that whatever ended the program before is behind it."""
        more = {"crashes": 0} if progress else {}
        async with self._store.begin() as session:
            changed = update(Import).where(Import.id == import_id)
            await session.execute(changed.values(rows=rows, touched_at=self._clock(), **more))

    async def reported(self, import_id: int, lines: Container[int]) -> None:
        """The passwords of these lines were delivered, and are not kept any longer. Not while it is under way: then
        its own report is still to come."""
        async with self._store.begin() as session:
            found = await session.get(Import, import_id)
            if found is None or found.state not in (STOPPED, DONE):
                return
            told = [row | {"secret": "", "told": True} if row["line"] in lines else row for row in found.rows]
            found.rows = [] if found.state == DONE else told

    async def end(self, import_id: int, rows: list[dict[str, Any]]) -> None:
        """Everything is done, and told."""
        async with self._store.begin() as session:
            await session.execute(update(Import).where(Import.id == import_id).values(state=DONE, rows=rows))

    async def move(self, import_id: int, to: str, *, only_from: Sequence[str]) -> bool:
        """True for exactly one caller, whoever asks at the same moment."""
        async with self._store.begin() as session:
            moved = await session.execute(
                update(Import)
                .where(Import.id == import_id, Import.state.in_(only_from))
                .values(state=to, touched_at=self._clock())
                .returning(Import.id)
            )
            return moved.scalar_one_or_none() is not None


async def find_import(session: AsyncSession, import_id: int) -> Import | None:
    """Return an import of any station."""
    return await session.get(Import, import_id)


async def end_in_order(session: AsyncSession) -> None:
    """The program ends in order: no import is to blame."""
    await session.execute(update(Import).where(Import.state.in_((RUNNING, STOPPING))).values(crashes=0))


async def left_over(session: AsyncSession) -> Sequence[Import]:
    """What was running when the program ended."""
    found = await session.execute(select(Import).where(Import.state.in_((RUNNING, STOPPING))).order_by(Import.id))
    return found.scalars().all()


async def let_lapse(session: AsyncSession, now: datetime) -> None:
    """What nobody went on with, or fetched the report of, within a day."""
    idle = Import.state.in_((STOPPED, DONE)), Import.touched_at <= now - GOES_ON_WITHIN
    holds_any = type_coerce(Import.rows, Text) != "[]"
    await session.execute(update(Import).where(*idle, holds_any).values(state=LAPSED, rows=[]))

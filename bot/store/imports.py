"""Imports of employees: what is asked for, what became of each, kept after every step so that nothing is done twice.

A life: running → done; running → stopping → stopped → running again. One that was running when the program ended
goes on at the next start.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.database import Store
from bot.store.tables import Import

# It was taken up at so many starts in a row without anything becoming of its rows: it waits for its person.
STARTS_BORNE = 2
RUNNING, STOPPING, STOPPED, DONE = "running", "stopping", "stopped", "done"


class Imports:
    """`rows` are plain JSON; what they hold is the import's own affair."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
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
        more = {"deaths": 0} if progress else {}
        async with self._store.begin() as session:
            changed = update(Import).where(Import.id == import_id)
            await session.execute(changed.values(rows=rows, touched_at=self._clock(), **more))

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
                .values(state=to)
                .returning(Import.id)
            )
            return moved.scalar_one_or_none() is not None


async def spare(session: AsyncSession) -> None:
    """The program ends in order: no import is to blame."""
    await session.execute(update(Import).where(Import.state.in_((RUNNING, STOPPING))).values(deaths=0))


async def left_over(session: AsyncSession) -> Sequence[Import]:
    """What was running when the program ended."""
    found = await session.execute(select(Import).where(Import.state.in_((RUNNING, STOPPING))).order_by(Import.id))
    return found.scalars().all()

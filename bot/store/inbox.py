"""Updates taken from Telegram and not yet finished."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import Received

# Telegram itself keeps an update for a day; ids seen within that time must be remembered.
KEPT = timedelta(days=2)
# Core statements, built once: run for every update, where the ORM's overhead is most of the cost.
_RECEIVED = Received.metadata.tables[Received.__tablename__]
_TAKE_IN = insert(_RECEIVED).on_conflict_do_nothing().returning(_RECEIVED.c.update_id)
_RECEIVED_AT = select(_RECEIVED.c.received_at).where(_RECEIVED.c.update_id == bindparam("about"))
_FINISH = (
    update(_RECEIVED).where(_RECEIVED.c.update_id == bindparam("about")).values(done_at=bindparam("now"), payload={})
)


async def take_in(session: AsyncSession, updates: dict[int, dict[str, Any]], now: datetime) -> list[int]:
    """Store a batch; returns the ids that were not known before, in order."""
    if not updates:
        return []
    rows = [{"update_id": i, "payload": payload, "received_at": now} for i, payload in updates.items()]
    new = await session.execute(_TAKE_IN, rows)
    return sorted(new.scalars())


async def unfinished(session: AsyncSession) -> dict[int, dict[str, Any]]:
    """What an earlier run took in but did not finish, in order."""
    found = await session.execute(select(Received).where(Received.done_at.is_(None)).order_by(Received.update_id))
    return {row.update_id: row.payload for row in found.scalars()}


async def received_at(session: AsyncSession, update_id: int) -> datetime | None:
    return (await session.execute(_RECEIVED_AT, {"about": update_id})).scalar_one_or_none()


async def finish(session: AsyncSession, update_id: int, now: datetime) -> None:
    """The payload goes at once: what people write is not kept, only the fact that the id was seen."""
    await session.execute(_FINISH, {"about": update_id, "now": now})


async def forget_old_updates(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(Received).where(Received.done_at < now - KEPT))

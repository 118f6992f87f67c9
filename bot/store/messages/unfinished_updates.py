"""What was begun for an update and is not concluded: all that was taken for it, and then the answer that is owed.

Kept from the moment in which it was allowed until its person has been told, so that whatever is killed in between, the
next run can go on.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.messages.temporary_payloads import peek
from bot.store.tables.incidents import TemporaryPayload

# As long as an update itself is remembered.
KEPT = timedelta(days=2)
CHECKPOINT = "deed "
# Core statements, built once: run for every command, where the ORM's overhead is most of the cost.
_KEPT = TemporaryPayload.metadata.tables[TemporaryPayload.__tablename__]
_FORGET = delete(_KEPT).where(_KEPT.c.id == bindparam("deed"))

Checkpoint = dict[str, Any]


async def write(session: AsyncSession, update_id: int, deed: Checkpoint, now: datetime) -> None:
    """In place of what was written about this update before."""
    await session.merge(TemporaryPayload(id=_id(update_id), payload=deed, expires_at=now + KEPT))


async def find(session: AsyncSession, update_id: int, now: datetime) -> Checkpoint:
    return await peek(session, _id(update_id), now) or {}


async def forget(session: AsyncSession, update_id: int) -> None:
    await session.execute(_FORGET, {"deed": _id(update_id)})


async def updates(session: AsyncSession) -> set[int]:
    """For which anything is kept."""
    found = await session.execute(select(TemporaryPayload.id).where(TemporaryPayload.id.startswith(CHECKPOINT)))
    return {int(kept_id.removeprefix(CHECKPOINT)) for kept_id in found.scalars()}


def _id(update_id: int) -> str:
    # Ids of the drawer are longer, and have no space in them.
    return f"{CHECKPOINT}{update_id}"

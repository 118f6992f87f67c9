"""Checkpoint of an update in progress: resources taken for it, then its unsent replies.

Kept from authorization until the person has the reply, so that the next run can resume after a kill at any point.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.messages.temporary_payloads import peek
from bot.store.tables.dialog import TemporaryPayload

# As long as an update id is kept in the inbox.
KEPT = timedelta(days=2)
CHECKPOINT = "deed "
# Core statement, built once: run for every command, where ORM overhead dominates.
_KEPT = TemporaryPayload.metadata.tables[TemporaryPayload.__tablename__]
_FORGET = delete(_KEPT).where(_KEPT.c.id == bindparam("deed"))

Checkpoint = dict[str, Any]


async def write(session: AsyncSession, update_id: int, deed: Checkpoint, now: datetime) -> None:
    """Insert or replace the checkpoint of an update."""
    await session.merge(TemporaryPayload(id=_id(update_id), payload=deed, expires_at=now + KEPT))


async def find(session: AsyncSession, update_id: int, now: datetime) -> Checkpoint:
    return await peek(session, _id(update_id), now) or {}


async def forget(session: AsyncSession, update_id: int) -> None:
    await session.execute(_FORGET, {"deed": _id(update_id)})


async def updates(session: AsyncSession) -> set[int]:
    """Return the ids of updates with a checkpoint."""
    found = await session.execute(select(TemporaryPayload.id).where(TemporaryPayload.id.startswith(CHECKPOINT)))
    return {int(kept_id.removeprefix(CHECKPOINT)) for kept_id in found.scalars()}


def _id(update_id: int) -> str:
    # Ids of temporary payloads are longer and contain no space.
    return f"{CHECKPOINT}{update_id}"

"""Newest stored time, which the clock has already reached."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.incidents import AuditEntry, Outgoing, WatchState


async def newest_time(session: AsyncSession) -> datetime | None:
    """Return a time at most a minute older than the last run; None in an empty database."""
    found = [
        (await session.execute(asked)).scalar_one_or_none()
        for asked in (
            select(func.max(WatchState.updated_at)),
            select(Outgoing.created_at).order_by(Outgoing.id.desc()).limit(1),
            select(AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1),
        )
    ]
    return max((moment for moment in found if moment is not None), default=None)

"""Who asked for what, and what was decided. Rows are added and given their outcome; nothing else touches them."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import AuditEntry


async def record_decision(session: AsyncSession, entry: AuditEntry) -> int:
    session.add(entry)
    await session.flush()
    return entry.id


async def record_outcome(session: AsyncSession, entry_id: int, outcome: str) -> None:
    await session.execute(update(AuditEntry).where(AuditEntry.id == entry_id).values(outcome=outcome[:128]))


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def entry(
    *,
    at: datetime,
    update_id: int,
    actor_id: int,
    actor_name: str,
    chat_id: int,
    station: str,
    what: str,
    arguments: str,
    permission: str,
    allowed: bool,
    reason: str,
) -> AuditEntry:
    return AuditEntry(
        at=at,
        update_id=update_id,
        actor_id=actor_id,
        actor_name=shortened(actor_name, 128),
        chat_id=chat_id,
        station=station,
        what=shortened(what, 64),
        arguments=shortened(arguments, 256),
        permission=permission,
        allowed=allowed,
        reason=shortened(reason, 64),
    )

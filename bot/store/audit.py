"""Who asked for what, and what was decided. Rows are added and given their outcome; nothing else touches them."""

import re
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import AuditEntry

# What people write after these words is never kept, whoever was allowed to write it.
# Nearly right words count too, and a password written without its =.
SECRET_FIELD = re.compile(
    r"(?i)(?<![\w-])([\w-]*(?:pas+w|\bpass\b|pwd|secret|парол)[\w-]*)(?:\s*[=:]\s*|\s+)(?:\"[^\"]*\"?|«[^»]*»?|“[^”]*”?|\S+)"
)


async def record_decision(session: AsyncSession, entry: AuditEntry) -> int:
    session.add(entry)
    await session.flush()
    return entry.id


async def record_outcome(session: AsyncSession, entry_id: int, outcome: str) -> None:
    await session.execute(update(AuditEntry).where(AuditEntry.id == entry_id).values(outcome=outcome[:128]))


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def without_secrets(arguments: str) -> str:
    """The first line of what was typed, with passwords taken out: pasted lists are not kept, and may hold some too."""
    return SECRET_FIELD.sub(r"\1=•••", arguments.partition("\n")[0])


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
        arguments=shortened(without_secrets(arguments), 256),
        permission=permission,
        allowed=allowed,
        reason=shortened(reason, 64),
    )

"""The chain of an incident: what happened to it, who was told, what was held back and by which rule. Only added to."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.incidents import Incident, IncidentEvent


def note(
    session: AsyncSession,
    incident: Incident,
    what: str,
    at: datetime,
    *,
    noted_at: datetime | None = None,
    **facts: Any,
) -> None:
    """`at` is when it happened, which may be long before the bot knew of it; facts are plain JSON values."""
    session.add(IncidentEvent(incident_id=incident.id, at=at, noted_at=noted_at or at, what=what, facts=facts))

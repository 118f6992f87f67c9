"""Timeline of an incident: its transitions, notifications, and the rules that suppressed some. Append-only."""

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
    """Append an event. `at` is the time of the event, possibly long before the bot noticed it; facts are plain JSON
    values."""
    session.add(IncidentEvent(incident_id=incident.id, at=at, noted_at=noted_at or at, what=what, facts=facts))

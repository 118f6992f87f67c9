"""Timeline of an incident: its transitions, notifications, and the rules that suppressed some. Append-only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.tables.incidents import Incident, IncidentEvent


def record(
    session: Session,
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


def events_of(session: Session, incident: Incident) -> Sequence[IncidentEvent]:
    """Return the timeline of an incident by id."""
    found = session.execute(
        select(IncidentEvent).where(IncidentEvent.incident_id == incident.id).order_by(IncidentEvent.id)
    )
    return found.scalars().all()

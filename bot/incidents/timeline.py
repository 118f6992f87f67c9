"""Timeline of an incident: its transitions, notifications, and the rules that suppressed some. Append-only."""

from datetime import datetime
from typing import Any

from bot.store.database import Session
from bot.store.stations import incident_updates
from bot.store.tables.incidents import Incident


def record(
    session: Session,
    incident: Incident,
    what: str,
    at: datetime,
    *,
    noted_at: datetime | None = None,
    **facts: Any,
) -> None:
    """Append an event in the caller's session. `at` is the time of the event, possibly long before the bot noticed it;
    facts are plain JSON values."""
    incident_updates.add_event(session, incident, what, at, noted_at or at, facts)

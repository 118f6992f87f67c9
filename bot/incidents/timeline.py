"""The chain of an incident: what happened to it, who was told, what was held back and by which rule. Only added to."""

from datetime import datetime
from typing import Any

from bot.store.database import Session
from bot.store.stations import incident_updates
from bot.store.tables.incidents import Incident


def note(
    session: Session,
    incident: Incident,
    what: str,
    at: datetime,
    *,
    noted_at: datetime | None = None,
    **facts: Any,
) -> None:
    """`at` is when it happened, which may be long before the bot knew of it; facts are plain JSON values."""
    incident_updates.add_event(session, incident, what, at, noted_at or at, facts)

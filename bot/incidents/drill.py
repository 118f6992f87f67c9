"""Drills: incidents without a fault, notified and escalated like real ones. Pure."""

from datetime import datetime, timedelta

from bot.incidents.model import Closed, End, kind_info
from bot.store.tables.incidents import Incident

LONGEST = timedelta(minutes=30)


def over(incident: Incident, now: datetime) -> Closed | None:
    """Return the end of a drill: when it is acknowledged, or LONGEST after it was opened."""
    if incident.acknowledged_at is not None:
        return Closed(End.CALLED_OFF, incident.acknowledged_at)
    ends = incident.opened_at + LONGEST
    return Closed(End.CALLED_OFF, ends) if now >= ends else None


def due(incident: Incident, step_due: datetime | None) -> datetime | None:
    """Return the next due time of the incident; a drill is due at its end at the latest."""
    if not kind_info(incident.kind).drill:
        return step_due
    ends = incident.opened_at + LONGEST
    return min(step_due, ends) if step_due is not None else ends

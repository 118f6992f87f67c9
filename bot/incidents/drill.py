"""A rehearsal: an incident of which nothing is wrong, told through everything a real one goes through. Pure."""

from datetime import datetime, timedelta

from bot.incidents.model import Closed, End, kind_info
from bot.store.tables.incidents import Incident

LONGEST = timedelta(minutes=30)


def over(incident: Incident, now: datetime) -> Closed | None:
    """It has done its work once somebody took it; and nobody is asked for longer than half an hour."""
    if incident.acknowledged_at is not None:
        return Closed(End.CALLED_OFF, incident.acknowledged_at)
    ends = incident.opened_at + LONGEST
    return Closed(End.CALLED_OFF, ends) if now >= ends else None


def due(incident: Incident, step_due: datetime | None) -> datetime | None:
    """When to look at the incident again, if its next step is due then."""
    if not kind_info(incident.kind).drill:
        return step_due
    ends = incident.opened_at + LONGEST
    return min(step_due, ends) if step_due is not None else ends

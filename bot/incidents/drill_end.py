"""End of a drill. Pure."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.incidents.model import End, Resolved, kind_info

if TYPE_CHECKING:
    from bot.store.tables.incidents import Incident

LONGEST_DRILL = timedelta(minutes=30)


def drill_over(incident: "Incident", now: datetime) -> Resolved | None:
    """Return the end of a drill: when acknowledged, or after LONGEST_DRILL; None while it runs."""
    if incident.acknowledged_at is not None:
        return Resolved(End.CALLED_OFF, incident.acknowledged_at)
    ends = incident.opened_at + LONGEST_DRILL
    return Resolved(End.CALLED_OFF, ends) if now >= ends else None


def drill_due(incident: "Incident", step_due: datetime | None) -> datetime | None:
    """Return when the incident is due: its next step, or the end of the drill."""
    if not kind_info(incident.kind).drill:
        return step_due
    ends = incident.opened_at + LONGEST_DRILL
    return min(step_due, ends) if step_due is not None else ends

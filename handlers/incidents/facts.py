"""Template facts of an incident. Pure."""

from datetime import datetime
from typing import Any

from bot.store.stations.incidents import name_of
from bot.store.tables.incidents import Incident, IncidentEvent


def incident_facts(incident: Incident, now: datetime) -> dict[str, Any]:
    facts = incident.facts
    return {
        "number": incident.number,
        "station": incident.station,
        "kind": str(incident.kind),
        "name": name_of(incident),
        "host": str(facts.get("host") or ""),
        "contact": str(facts.get("contact") or ""),
        "cause": str(facts.get("cause") or ""),
        "trouble": str(facts.get("trouble") or ""),
        "row": str(facts.get("row") or ""),
        "began_at": incident.began_at,
        "opened_at": incident.opened_at,
        "ended_at": incident.ended_at,
        "end_reason": str(incident.end_reason or ""),
        "lasted": ((incident.ended_at or now) - incident.began_at).total_seconds(),
        "taken_by": incident.acknowledged_by or "",
        "taken_at": incident.acknowledged_at,
        # Between two steps the same people are notified again.
        "due_at": (facts.get("step_due") or incident.due_at) if incident.due_at and not incident.ended_at else None,
        "held_by": incident.held_by,
        "hit": facts.get("hit") or 0,
        "of": facts.get("of") or 0,
        "stations": [str(name) for name in facts.get("stations") or ()],
        "asked": [str(name) for name in facts.get("asked") or ()],
    }


def moment_of(event: IncidentEvent, key: str) -> str:
    """Return a time of an event in ISO format; "" if missing or invalid."""
    written = str(event.facts.get(key) or "")
    try:
        return written if datetime.fromisoformat(written).tzinfo else ""
    except ValueError:
        return ""

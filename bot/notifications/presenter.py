"""Facts and buttons of an alert message. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.detection.trunk_machine import Policy
from bot.incidents.model import Kind, kind_info
from bot.messages.message import Button, Rows, mark
from bot.store.tables.incidents import Incident

TAKE = mark("✅ I'm on it")
TAKE_ALL = mark("✅ I'm on all of it")
HAND_OVER = mark("🤝 Hand over")
MUTE = mark("🔕 Mute")
CHECK = mark("🔎 Check now")
REREGISTER = mark("♻️ Re-register")


class AlertAction(StrEnum):
    """Action on one of several incidents of a message."""

    HAND_OVER = "hand_over"
    MUTE = "mute"
    CHECK = "check"
    REREGISTER = "reregister"


# Facts that a template may read of any incident.
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("trunk", "host", "type", "state", "cause", "up_since", "bad_since", "gives_up_at")),
    **dict.fromkeys(
        ("loses_calls", "detour", "banned_until", "flapping_since", "calls_out_pending", "registering_again", "contact")
    ),
    **dict.fromkeys(("trouble", "row", "extension", "name", "off_by", "since", "stations")),
    **dict.fromkeys(("url", "until", "address", "provider", "advice", "release", "exact", "faults", "common")),
    **dict.fromkeys(("asked", "unreachable", "next_at", "hold", "handed_to", "handed_by")),
    **dict.fromkeys(("numbers", "count", "addresses", "tries")),
    **dict.fromkeys(("flaps", "downtime", "remaining", "of", "hit", "trunks"), 0),
    # Seconds after which flapping rings again, and after which it is over.
    "settled": Policy().settled,
    "calm": Policy().calm,
}


def facts_of(incident: Incident) -> dict[str, Any]:
    """Return a snapshot as plain JSON."""
    return (
        NOTHING
        | incident.facts
        | {
            "number": incident.id,
            "station": incident.station,
            "subject": incident.subject,
            "kind": str(incident.kind),
            "began_at": _written(incident.began_at),
            "opened_at": _written(incident.opened_at),
            "taken_by": incident.acknowledged_by,
            "taken_at": _written(incident.acknowledged_at),
            "ended_at": _written(incident.ended_at),
            "end_reason": str(incident.end_reason) if incident.end_reason else None,
            "held_by": incident.held_by,
        }
    )


def station_of(incidents: Sequence[Incident]) -> str:
    """Return the station of the incidents; EVERY_STATION for several."""
    stations = {incident.station for incident in incidents}
    return stations.pop() if len(stations) == 1 else EVERY_STATION


def buttons_of(alert_message_id: int, incidents: Sequence[Incident]) -> Rows:
    still_open = [incident for incident in incidents if incident.open_key is not None]
    if not still_open:
        return ()
    if len(incidents) > 1:
        details = mark("🔍 Details")
        if station_of(incidents) == EVERY_STATION:
            row = [Button(details, "incidents.of_card", {"page": 0, "beside": True, "card": alert_message_id})]
        else:
            row = [Button(details, "incidents.show", {"page": 0, "beside": True})]
        if any(_can_acknowledge(incident) for incident in still_open):
            row.insert(0, Button(TAKE_ALL, "incident.take_all", {"card": alert_message_id}))
        return tuple(row), *_of_several(alert_message_id, still_open)
    return _of_one(still_open[0])


def _of_several(alert_message_id: int, still_open: Sequence[Incident]) -> Rows:
    """Return the buttons of one incident; the press asks which of them is meant."""

    def button(label: str, does: AlertAction) -> Button:
        return Button(label, "incident.which", {"card": alert_message_id, "does": str(does)})

    first = [button(MUTE, AlertAction.MUTE)]
    if any(applies(AlertAction.HAND_OVER, incident) for incident in still_open):
        first.insert(0, button(HAND_OVER, AlertAction.HAND_OVER))
    second = []
    if any(applies(AlertAction.CHECK, incident) for incident in still_open):
        second.append(button(CHECK, AlertAction.CHECK))
    if any(applies(AlertAction.REREGISTER, incident) for incident in still_open):
        second.append(button(REREGISTER, AlertAction.REREGISTER))
    return (tuple(first), tuple(second)) if second else (tuple(first),)


def applies(does: AlertAction, incident: Incident) -> bool:
    """Return True when the action applies to the incident."""
    match does:
        case AlertAction.HAND_OVER:
            return incident.acknowledged_at is not None
        case AlertAction.MUTE:
            return not kind_info(incident.kind).drill
        case AlertAction.CHECK:
            return kind_info(incident.kind).is_trunk
        case AlertAction.REREGISTER:
            return incident.kind == Kind.TRUNK_DOWN and bool(incident.facts.get("gives_up_at"))


def _of_one(incident: Incident) -> Rows:
    data = {"incident": incident.id}
    first: list[Button] = []
    if _can_acknowledge(incident):
        first.append(Button(TAKE, "incident.take", data))
    elif incident.acknowledged_at is not None:
        first.append(Button(HAND_OVER, "incident.hand_over", data))
    if applies(AlertAction.MUTE, incident):
        first.append(Button(MUTE, "incident.mute", data))
    second = [Button(mark("🔍 Details"), "incident.details", data)]
    if applies(AlertAction.CHECK, incident):
        second.append(Button(CHECK, "trunk.check", {"id": incident.subject, "beside": True}))
    if not applies(AlertAction.REREGISTER, incident):
        return tuple(first), tuple(second)
    # A row of its own: three labels do not fit side by side on a phone.
    return tuple(first), tuple(second), (Button(REREGISTER, "trunk.reregister", {"id": incident.subject}),)


def _can_acknowledge(incident: Incident) -> bool:
    return incident.open_key is not None and incident.acknowledged_at is None


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

"""Grouping: incidents of one chat that come together share an alert message."""

from datetime import datetime, timedelta

from bot.access.policy import EVERY_STATION, Destination
from bot.detection.trunk_health import SILENT, is_inbound
from bot.detection.trunk_state import SPREAD
from bot.incidents.model import Kind
from bot.store.database import Session
from bot.store.messages import alert_messages
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage

# Incidents this close to one another share a message: one fault often shows in two polls.
GROUP_WINDOW = timedelta(seconds=15)
MAX_INCIDENTS = 25


def groupable(
    session: Session, incident: Incident, to: Destination, *, loud: bool, now: datetime, within: timedelta
) -> AlertMessage | None:
    """Return an alert message with room that was opened or joined in this chat within this time, or shows the same
    interruption."""
    recently = now - within
    same_cut = (incident.station, now - SPREAD) if _may_be_cut_off(incident) else None
    alert_message = alert_messages.newest_groupable(
        session,
        to.chat,
        to.thread,
        loud=loud,
        joined_since=recently,
        opened_at_station=same_cut,
        excluded_station=EVERY_STATION,
        limit=MAX_INCIDENTS,
    )
    if alert_message is None or alert_message.joined_at >= recently:
        return alert_message
    shown = [one for one in alert_messages.incidents_of(session, alert_message) if one.open_key is not None]
    return alert_message if any(_is_cut_off(one) for one in shown) else None


def _is_cut_off(incident: Incident) -> bool:
    """Return True when the provider does not answer, as when it or the way to it is down."""
    return incident.kind == Kind.TRUNK_DOWN and incident.facts.get("cause") in SILENT


def _may_be_cut_off(incident: Incident) -> bool:
    """Return True also for a trunk whose provider registers with the PBX: the PBX only shows that its registration has
    expired."""
    is_unregistered = incident.kind == Kind.TRUNK_DOWN and is_inbound(str(incident.facts.get("state")))
    return is_unregistered or _is_cut_off(incident)

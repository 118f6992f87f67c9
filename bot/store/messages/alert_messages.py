"""Alert messages of incidents, by chat, incident and outbox row. Returned rows belong to the caller's session."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Outgoing


def add(session: Session, alert_message: AlertMessage) -> None:
    """Add an alert message to the session and flush it, which sets the id."""
    session.add(alert_message)
    session.flush()


def attach(session: Session, alert_message: AlertMessage, incident: Incident) -> None:
    """Add an incident to an alert message; the session writes the row at its next flush."""
    session.add(AlertMessageIncident(card_id=alert_message.id, incident_id=incident.id))


def detach(session: Session, alert_message: AlertMessage, incident: Incident) -> None:
    session.delete(session.get_one(AlertMessageIncident, (alert_message.id, incident.id)))


def open_of(session: Session, incident: Incident) -> Sequence[AlertMessage]:
    """Return the alert messages of an incident that are not closed, oldest first."""
    found = session.execute(
        select(AlertMessage)
        .join(AlertMessageIncident, AlertMessageIncident.card_id == AlertMessage.id)
        .where(AlertMessageIncident.incident_id == incident.id, AlertMessage.closed_at.is_(None))
        .order_by(AlertMessage.id)
    )
    return found.scalars().all()


def incidents_of(session: Session, alert_message: AlertMessage) -> Sequence[Incident]:
    """Return the incidents of an alert message, by id."""
    found = session.execute(
        select(Incident)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .where(AlertMessageIncident.card_id == alert_message.id)
        .order_by(Incident.id)
    )
    return found.scalars().all()


def outbox_row(session: Session, alert_message: AlertMessage) -> Outgoing:
    return session.get_one(Outgoing, alert_message.message)


def newest_groupable(
    session: Session,
    chat_id: int,
    thread_id: int | None,
    *,
    loud: bool,
    joined_since: datetime,
    opened_at_station: tuple[str, datetime] | None,
    excluded_station: str,
    limit: int,
) -> AlertMessage | None:
    """Return the newest open alert message of a chat joined since a time, or opened at a station since another.

    None when that one shows `limit` incidents already.
    """
    when = AlertMessage.joined_at >= joined_since
    if opened_at_station is not None:
        station, opened_since = opened_at_station
        when = or_(when, and_(AlertMessage.station == station, AlertMessage.opened_at >= opened_since))
    found = session.execute(
        select(AlertMessage, func.count(AlertMessageIncident.incident_id))
        .join(AlertMessageIncident, AlertMessageIncident.card_id == AlertMessage.id)
        .where(
            AlertMessage.chat_id == chat_id,
            AlertMessage.station != excluded_station,
            AlertMessage.thread_id.is_(thread_id) if thread_id is None else AlertMessage.thread_id == thread_id,
            AlertMessage.closed_at.is_(None),
            AlertMessage.loud == loud,
            when,
        )
        .group_by(AlertMessage.id)
        .order_by(AlertMessage.id.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return row[0] if row is not None and row[1] < limit else None


def unacknowledged(session: Session, alert_message_id: int, station: str) -> Sequence[int]:
    """Return the ids of the open, unacknowledged incidents of a station on an alert message."""
    found = session.execute(
        select(Incident.id)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .where(
            AlertMessageIncident.card_id == alert_message_id,
            Incident.station == station,
            Incident.open_key.is_not(None),
            Incident.acknowledged_at.is_(None),
        )
    )
    return found.scalars().all()


def open_in_chat(session: Session, chat_id: int, station: str) -> list[tuple[Incident, AlertMessage]]:
    """Return the open incidents of a station with their open alert messages in a chat."""
    found = session.execute(
        select(Incident, AlertMessage)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .join(AlertMessage, AlertMessage.id == AlertMessageIncident.card_id)
        .where(
            AlertMessage.chat_id == chat_id,
            AlertMessage.closed_at.is_(None),
            Incident.station == station,
            Incident.open_key.is_not(None),
        )
    )
    return [(row[0], row[1]) for row in found.all()]


def of_outbox_row(session: Session, row_id: int, station: str) -> list[tuple[Incident, AlertMessage]]:
    """Return the incidents of a station with the alert messages that an outbox row sends."""
    found = session.execute(
        select(Incident, AlertMessage)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .join(AlertMessage, AlertMessage.id == AlertMessageIncident.card_id)
        .where(AlertMessage.message == row_id, Incident.station == station)
    )
    return [(row[0], row[1]) for row in found.all()]


def undelivered_in(session: Session, chat_id: int, station: str, since: datetime) -> Sequence[AlertMessage]:
    """Return the alert messages of a chat that were closed since a time and are marked as undelivered in a timeline."""
    found = session.execute(
        select(AlertMessage, IncidentEvent)
        .join(AlertMessageIncident, AlertMessageIncident.card_id == AlertMessage.id)
        .join(Incident, Incident.id == AlertMessageIncident.incident_id)
        .join(IncidentEvent, IncidentEvent.incident_id == Incident.id)
        .where(
            AlertMessage.chat_id == chat_id,
            AlertMessage.closed_at >= since,
            Incident.station == station,
            IncidentEvent.what == "undelivered",
        )
        .order_by(AlertMessage.id)
    )
    return list(
        {
            alert_message.id: alert_message
            for alert_message, event in found.all()
            if event.facts.get("card") == alert_message.id
        }.values()
    )


def private_chats_of(session: Session, incident_id: int) -> set[int]:
    """Return the private chats with an alert message of an incident whose outbox row is not dead."""
    found = session.execute(
        select(AlertMessage.chat_id)
        .join(AlertMessageIncident, AlertMessageIncident.card_id == AlertMessage.id)
        .join(Outgoing, Outgoing.id == AlertMessage.message)
        .where(AlertMessageIncident.incident_id == incident_id, AlertMessage.chat_id > 0, Outgoing.state != "dead")
    )
    return set(found.scalars())


def stations_open_in(session: Session, chat_id: int) -> Sequence[str]:
    """Return the stations with an open incident on an open alert message in a chat."""
    found = session.execute(
        select(Incident.station)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .join(AlertMessage, AlertMessage.id == AlertMessageIncident.card_id)
        .where(AlertMessage.chat_id == chat_id, AlertMessage.closed_at.is_(None), Incident.open_key.is_not(None))
        .distinct()
        .order_by(Incident.station)
    )
    return found.scalars().all()


def stations_missed_in(session: Session, chat_id: int, since: datetime) -> Sequence[str]:
    """Return the stations with an alert message in a chat closed since a time, or with any open incident."""
    closed = (
        select(Incident.station)
        .join(AlertMessageIncident, AlertMessageIncident.incident_id == Incident.id)
        .join(AlertMessage, AlertMessage.id == AlertMessageIncident.card_id)
        .where(AlertMessage.chat_id == chat_id, AlertMessage.closed_at >= since)
    )
    found = session.execute(closed.union(select(Incident.station).where(Incident.open_key.is_not(None))))
    return sorted(found.scalars())


def newest_loud_at(session: Session, chat_id: int) -> datetime | None:
    """Return the time when the newest alert message with a sound was queued for a chat."""
    newest = select(func.max(Outgoing.created_at)).where(
        Outgoing.chat_id == chat_id, Outgoing.template == "alert", Outgoing.silent.is_(False)
    )
    return session.execute(newest).scalar_one_or_none()

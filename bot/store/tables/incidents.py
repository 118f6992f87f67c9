"""Tables of trunk detection, incidents and silences."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables.base import Table, TelegramId, next_number


class WatchState(Table):
    """State of trunk detection between two polls; subject "" is the station itself."""

    __tablename__ = "watch_states"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]


class Incident(Table):
    __tablename__ = "incidents"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    # Displayed number; `id` is internal.
    number: Mapped[int] = mapped_column(default=next_number, server_default="0")
    subject: Mapped[str] = mapped_column(String(64))
    # "station|subject" while open, NULL afterwards: the unique constraint forbids two open incidents of one subject.
    open_key: Mapped[str | None] = mapped_column(String(140), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    facts: Mapped[dict[str, Any]]
    began_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(128))
    acknowledged_by_id: Mapped[TelegramId | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(32))
    # Escalation step: 0 no notification yet, 1 the chats and the person on call, then the next levels.
    step: Mapped[int] = mapped_column(default=0)
    # Time of the next due step of any kind; NULL if there is none.
    due_at: Mapped[datetime | None]
    # Time to warn that the PBX is about to stop its retries; NULL if not needed or already done.
    warn_at: Mapped[datetime | None]
    # Reason that suppresses notifications now, as in the timeline; "" if there is none.
    held_by: Mapped[str] = mapped_column(String(48), default="")
    # Incremented by every change; a decision made on an older version has no effect.
    version: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        Index("incidents_by_station", "station", "began_at"),
        Index("incidents_by_subject", "station", "subject", "began_at"),
        Index("incidents_due", "due_at"),
        Index("incidents_to_warn", "warn_at"),
        Index("incidents_by_number", "station", "number", unique=True),
    )


class IncidentEvent(Table):
    """Timeline of an incident, append-only. `at`: time of the event, `noted_at`: time it was detected."""

    __tablename__ = "incident_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"))
    at: Mapped[datetime]
    noted_at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(24))
    facts: Mapped[dict[str, Any]]
    __table_args__ = (Index("events_by_incident", "incident_id"),)


class SilenceRow(Table):
    """Mute or maintenance window. `subject`: a trunk's id, or "*" for the whole station."""

    __tablename__ = "silences"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(default=next_number, server_default="0")
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    # Name of the subject when it was silenced.
    name: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(String(256))
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    begins_at: Mapped[datetime]
    # NULL: until the subject has recovered, or for a recurring window until it is removed.
    until: Mapped[datetime | None]
    # Recurring window: days of the week, local time, minutes, zone.
    repeats: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(128))
    __table_args__ = (
        Index("silences_by_station", "station", "ended_at"),
        Index("silences_by_number", "station", "number", unique=True),
    )


class WatchedExtension(Table):
    __tablename__ = "watched_extensions"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]

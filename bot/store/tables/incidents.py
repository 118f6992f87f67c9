"""Tables other than those of people and chats. All times are UTC and aware; a change needs a migration."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    String,
    Text,
    TypeDecorator,
    func,
    select,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.store.sealing import Sealed


class UtcDateTime(TypeDecorator[datetime]):
    """UTC time column. SQLite stores no time zone: naive times raise ValueError, UTC is set on read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


# Telegram ids exceed 32 bits.
TelegramId = Annotated[int, mapped_column(BigInteger)]


class Table(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 (SQLAlchemy's own form)


def _next_number(context: DefaultExecutionContext) -> int:
    """Return the next number of the station, in the transaction that writes the row. Displayed numbers count per
    station: gaps would disclose events of others."""
    row: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    written: Any = context.compiled
    table = written.statement.table
    newest = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.station == row["station"])
    # With several rows in one statement, each number is requested before the first row exists.
    given: dict[str, int] = vars(context).setdefault("numbers_given", {})
    last = given.get(row["station"]) or context.connection.execute(newest).scalar_one()
    given[row["station"]] = last + 1
    return given[row["station"]]


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
    number: Mapped[int] = mapped_column(default=_next_number, server_default="0")
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


class AlertMessage(Table):
    """Alert message: the one message in a chat that shows an incident, or several grouped ones."""

    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[TelegramId]
    thread_id: Mapped[TelegramId | None]
    loud: Mapped[bool]
    opened_at: Mapped[datetime]
    # Time when the last incident was added.
    joined_at: Mapped[datetime]
    # Outbox row that sends the current message.
    message: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    closed_at: Mapped[datetime | None]
    __table_args__ = (Index("cards_by_chat", "chat_id", "closed_at"), Index("cards_by_message", "message"))


class AlertMessageIncident(Table):
    __tablename__ = "card_incidents"
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    __table_args__ = (Index("cards_by_incident", "incident_id"),)


class SilenceRow(Table):
    """Mute or maintenance window. `subject`: a trunk's id, or "*" for the whole station."""

    __tablename__ = "silences"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(default=_next_number, server_default="0")
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


class Keyboard(Table):
    """Buttons of one message. Callback data holds only this id and the position. `station`: the PBX concerned; "" in
    rows from before there were several. `message_id`: NULL until Telegram has confirmed the sending. `said`: template
    and facts of the message, if a second person must approve it."""

    __tablename__ = "keyboards"
    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    chat_id: Mapped[TelegramId]
    station: Mapped[str] = mapped_column(String(64), default="")
    rows: Mapped[list[Any]]
    asker_id: Mapped[TelegramId | None]
    single_use: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    message_id: Mapped[TelegramId | None]
    said: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    __table_args__ = (Index("keyboards_by_age", "created_at"),)


class Outgoing(Table):
    """Outbox, the queue of messages: every notification is committed here before it is sent. States and urgencies as in
    bot.store.outbox; `masked` hides phone numbers in part."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(String(8))
    chat_id: Mapped[TelegramId]
    thread_id: Mapped[TelegramId | None]
    about: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    template: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
    # Text rendered in advance, in place of a template. Encrypted: answers contain user input.
    html: Mapped[str | None] = mapped_column(Sealed(none_as_null=True))
    keyboard_id: Mapped[str | None] = mapped_column(ForeignKey("keyboards.id"))
    silent: Mapped[bool]
    masked: Mapped[bool] = mapped_column(default=False)
    urgency: Mapped[int] = mapped_column(default=2)
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(default=0)
    # Attempts that Telegram refused for a reason not known to be permanent.
    refusals: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    # Start of the last attempt.
    tried_at: Mapped[datetime | None]
    possible_repeat: Mapped[bool] = mapped_column(default=False)
    # Consecutive crashes of the program before the message was rendered.
    crashes: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    message_id: Mapped[TelegramId | None]
    error: Mapped[str | None] = mapped_column(Text)
    # For a dead message: the recipient notified instead.
    fallback: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index("outbox_due", "state", "not_before"),
        Index("outbox_by_original", "about"),
        Index("outbox_by_chat", "chat_id", "tried_at"),
        Index("outbox_by_keyboard", "keyboard_id"),
    )


class Received(Table):
    """Inbox: an update is confirmed to Telegram only after it is committed here. `begun`: its handler may have started;
    `crashes` counts crashes of the program since."""

    __tablename__ = "inbox"
    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Encrypted: user input contains passwords.
    payload: Mapped[dict[str, Any]] = mapped_column(Sealed)
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    begun: Mapped[bool] = mapped_column(default=True)
    crashes: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("inbox_open", "done_at"),)


class AuditEntry(Table):
    """Decision, one row each, written by the dispatcher only. Triggers forbid changes and deletes."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    update_id: Mapped[TelegramId]
    actor_id: Mapped[TelegramId]
    actor_name: Mapped[str] = mapped_column(String(128))
    chat_id: Mapped[TelegramId]
    station: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[str] = mapped_column(String(256))
    permission: Mapped[str] = mapped_column(String(32))
    allowed: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("audit_by_time", "at"), Index("audit_by_update", "update_id"))


class AuditOutcome(Table):
    """Outcome of a decision, for writes with the values before and after; a row is added for each update. Append-only
    like the decisions."""

    __tablename__ = "audit_outcomes"
    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("audit.id"))
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(128))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    __table_args__ = (Index("outcomes_by_decision", "decision_id"),)


class QuestionRow(Table):
    """Question to one person in one chat; the next question replaces it. `said` as in Keyboard."""

    __tablename__ = "questions"
    chat_id: Mapped[TelegramId] = mapped_column(primary_key=True)
    person_id: Mapped[TelegramId] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64), default="")
    message_id: Mapped[TelegramId]
    answer: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(Sealed)
    said: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    expires_at: Mapped[datetime]


class TemporaryPayload(Table):
    """Temporary payload of a button or question that others must not see: a snapshot for Undo, a draft with a
    password."""

    __tablename__ = "kept"
    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Sealed)
    expires_at: Mapped[datetime]


class Import(Table):
    """Bulk creation of employees. `rows`: input and result of each; a password is removed once a report with it has
    been delivered, and all of them after a day of inactivity."""

    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[TelegramId]
    state: Mapped[str] = mapped_column(String(12))
    rows: Mapped[list[Any]] = mapped_column(Sealed)
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    # Resumptions at a start without progress since.
    crashes: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("imports_by_state", "station", "state"),)

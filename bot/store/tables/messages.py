"""Tables of messages: outbox, inbox, keyboards, alert messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.sealing import Sealed
from bot.store.tables.base import Table, TelegramId


class Outgoing(Table):
    """The outbox: every notification is committed here before it is sent. States and
    urgencies as in bot.store.messages.outbox; `masked` hides phone numbers in part."""

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


class Received(Table):
    """The inbox: an update is confirmed to Telegram only after it is committed here. `begun`: its handler may have
    started; `crashes` counts crashes of the program since."""

    __tablename__ = "inbox"
    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Encrypted: user input contains passwords.
    payload: Mapped[dict[str, Any]] = mapped_column(Sealed)
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    begun: Mapped[bool] = mapped_column(default=True)
    crashes: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("inbox_open", "done_at"),)

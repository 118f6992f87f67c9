"""Tables of dialogs: questions, temporary payloads, imports."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.sealing import Sealed
from bot.store.tables.base import Table, TelegramId


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

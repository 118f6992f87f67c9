"""Tables of the audit, append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables.base import Table, TelegramId


class AuditEntry(Table):
    """One row per decision, written by the dispatcher only. Triggers forbid changes and deletes."""

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

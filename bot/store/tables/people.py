"""The tables of people: who they are, what they may do, when they are on call."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.sealing import Sealed
from bot.store.tables.incidents import Table, TelegramId


class GrantRow(Table):
    """A role that was given in chat; what stands in the settings is not repeated here."""

    __tablename__ = "grants"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_id: Mapped[TelegramId] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    given_by_id: Mapped[TelegramId]
    given_by_name: Mapped[str] = mapped_column(String(128))
    given_at: Mapped[datetime]
    until: Mapped[datetime | None]


class Acquaintance(Table):
    """A person or a chat (negative id) that the bot has met, by the name it had when it was last seen."""

    __tablename__ = "acquaintances"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(128))
    # In lower case. A username that somebody else has now is taken from its former owner.
    username: Mapped[str | None] = mapped_column(String(64), unique=True)


class MetAt(Table):
    """A person or a chat (negative id) was met at that station, and may be shown there by name; "" is every station."""

    __tablename__ = "met_at"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class FormerUsername(Table):
    """Somebody has, or had, that username, in lower case."""

    __tablename__ = "former_usernames"
    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AccessRequest(Table):
    """Somebody without a role who asked for one. `notices` are the outbox rows that told the administrators."""

    __tablename__ = "access_requests"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[TelegramId]
    asked_at: Mapped[datetime]
    notices: Mapped[list[Any]]
    # The role that was given, or "" when it was refused; NULL while nobody has answered.
    answer: Mapped[str | None] = mapped_column(String(32))
    answered_by: Mapped[str | None] = mapped_column(String(128))
    answered_at: Mapped[datetime | None]
    __table_args__ = (Index("requests_by_person", "station", "person_id"),)


class RotationRow(Table):
    """Who takes turns at being on call, on one level. `calendar` is a calendar that decides instead of the turns."""

    __tablename__ = "rotations"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[list[Any]]
    # {"unit": "hours" | "days" | "weeks", "length": int, "begins": local wall clock, "zone": name}
    shift: Mapped[dict[str, Any]]
    # {"zone", "duties", "unknown", "fetched_at", "problem"}
    calendar: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # {"url", "text"} of the calendar. Sealed apart from it: who is on call is known even when this cannot be read.
    source: Mapped[dict[str, Any] | None] = mapped_column(Sealed(none_as_null=True))
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(128))


class OverrideRow(Table):
    """Somebody is on call out of turn. A swap counts only once the other has agreed: `state` is asked until then."""

    __tablename__ = "overrides"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    level: Mapped[int]
    person_id: Mapped[TelegramId]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime]
    __table_args__ = (Index("overrides_by_time", "station", "ends_at"),)


class Pager(Table):
    """Whether a person on call can be written to in private, and when warnings are not wanted."""

    __tablename__ = "pagers"
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reachable: Mapped[bool | None]
    checked_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    # Local times like 22:00.
    quiet_from: Mapped[str | None] = mapped_column(String(5))
    quiet_to: Mapped[str | None] = mapped_column(String(5))

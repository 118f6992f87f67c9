"""Tables of people: identity, access, on-call."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.sealing import Sealed
from bot.store.tables.base import Table, TelegramId


class GrantRow(Table):
    """Role granted in chat; grants in the settings are not stored here."""

    __tablename__ = "grants"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_id: Mapped[TelegramId] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    given_by_id: Mapped[TelegramId]
    given_by_name: Mapped[str] = mapped_column(String(128))
    given_at: Mapped[datetime]
    until: Mapped[datetime | None]


class ContactRow(Table):
    """Person or chat (negative id) with the name last seen."""

    __tablename__ = "acquaintances"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(128))
    # Lower case. A username reused by another account is removed from its former owner.
    username: Mapped[str | None] = mapped_column(String(64), unique=True)


class ContactStationRow(Table):
    """Person or chat (negative id) seen at that station, which may show its name; "" is every station."""

    __tablename__ = "met_at"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class FormerUsername(Table):
    """Current or former owner of a username, in lower case."""

    __tablename__ = "former_usernames"
    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AccessRequestRow(Table):
    """Access request of a person without a role. `notices`: outbox rows that notify the administrators."""

    __tablename__ = "access_requests"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[TelegramId]
    asked_at: Mapped[datetime]
    notices: Mapped[list[Any]]
    # Granted role, or "" if refused; NULL while pending.
    answer: Mapped[str | None] = mapped_column(String(32))
    answered_by: Mapped[str | None] = mapped_column(String(128))
    answered_at: Mapped[datetime | None]
    __table_args__ = (Index("requests_by_person", "station", "person_id"),)


class RotationRow(Table):
    """On-call rotation of one level. `calendar` takes the place of the rotation if set."""

    __tablename__ = "rotations"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[list[Any]]
    # {"unit": "hours" | "days" | "weeks", "length": int, "begins": local time, "zone": name}
    shift: Mapped[dict[str, Any]]
    # {"zone", "duties", "unknown", "fetched_at", "problem"}
    calendar: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # {"url", "text"} of the calendar. Encrypted apart from it: the duties stay known even if this cannot be read.
    source: Mapped[dict[str, Any] | None] = mapped_column(Sealed(none_as_null=True))
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(128))


class OverrideRow(Table):
    """On-call override. A swap takes effect once the other person agrees: until then `state` is asked."""

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


class PersonPhone(Table):
    """Extension of a person at a station, which rings for the calls that they ask for."""

    __tablename__ = "person_phones"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    phone: Mapped[str] = mapped_column(String(32))


class Pager(Table):
    """Reachability of a person on call in a private chat, and quiet hours for warnings."""

    __tablename__ = "pagers"
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reachable: Mapped[bool | None]
    checked_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    # Local time, e.g. 22:00.
    quiet_from: Mapped[str | None] = mapped_column(String(5))
    quiet_to: Mapped[str | None] = mapped_column(String(5))

"""Tables of calls that are told: who is told of which, the cards of missed callers, and digests."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables.base import Table, TelegramId


class CallKind(StrEnum):
    """Calls that a chat is told of."""

    MISSED = "missed"
    CALLS = "calls"
    VOICEMAIL = "voicemail"


class CallSubscription(Table):
    """Chat that is told of one kind of calls of a station: of all, or where one of the phones rang, or that came to one
    of the numbers. `read_until`: the records up to then are read. `unread_since`: the chat knows that they are not read
    since then; None while they are."""

    __tablename__ = "call_subscriptions"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    thread_id: Mapped[TelegramId | None]
    phones: Mapped[list[Any]]
    numbers: Mapped[list[Any]]
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    read_until: Mapped[datetime]
    unread_since: Mapped[datetime | None]


class CallChat(Table):
    """When a chat is told of missed calls of a station: hours in the PBX's time as `WorkingHours` are written, or None
    where the default holds; seconds after which it is reminded of a caller nobody took. With each since when."""

    __tablename__ = "call_chats"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hours: Mapped[str | None] = mapped_column(String(512))
    hours_at: Mapped[datetime | None]
    remind_after: Mapped[int | None]
    remind_at: Mapped[datetime | None]


class MissedCard(Table):
    """Card of a missed caller in a chat. `caller`: the number as compared, "" without one. `calls`: facts of each
    missed call with its linkedid and its local start and end, oldest first. `outcome` is set with `closed_at`."""

    __tablename__ = "missed_cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[TelegramId]
    caller: Mapped[str] = mapped_column(String(16))
    calls: Mapped[list[Any]]
    # Outbox row that sends the card; None while it is only in a message of several callers.
    message: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    opened_at: Mapped[datetime]
    # The chat was last told of the caller.
    told_at: Mapped[datetime | None]
    # Nobody has the card since then; None before it is in the chat, and while it is claimed.
    waits_since: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(128))
    claimed_by_id: Mapped[TelegramId | None]
    claimed_at: Mapped[datetime | None]
    # The PBX can be asked to call.
    can_call: Mapped[bool] = mapped_column(default=False)
    # Phone of whoever claimed it, which the PBX is asked to ring; None once the outcome is known.
    rings: Mapped[str | None] = mapped_column(String(32))
    # The PBX was last asked then; None if that led to no call.
    called_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    # Person, or extension, that closed it.
    closed_by: Mapped[str | None] = mapped_column(String(128))
    # Seconds from the end of the last missed call to the contact.
    after: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("missed_cards_by_chat", "station", "chat_id", "closed_at"),
        Index("missed_cards_by_message", "message"),
    )


class GatheringCause(StrEnum):
    CLOSED = "closed"
    STORM = "storm"


class MissedGathering(Table):
    """Message of several missed callers of a chat: of those that called while it was closed, or of a storm. `callers`:
    id of the card and number of calls for each. No further caller joins from `over_at` on; none is left at
    `closed_at`."""

    __tablename__ = "missed_gatherings"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[TelegramId]
    cause: Mapped[str] = mapped_column(String(16))
    callers: Mapped[list[Any]]
    # Outbox row that sends the message; None until the chat is told.
    message: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    # End of the first call.
    began_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("missed_gatherings_by_chat", "station", "chat_id", "closed_at"),
        Index("missed_gatherings_by_message", "message"),
    )


class Digest(Table):
    """Digest of a station's calls in a chat, daily or weekly. `days`: numbers of weekdays, Monday is 0. `at`: time of
    day, HH:MM, in the PBX's zone, which was last known to be `zone`. The digests up to the date `done_on` are done;
    `failed`: the PBX could not be read for the one that is due."""

    __tablename__ = "digests"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    thread_id: Mapped[TelegramId | None]
    days: Mapped[list[Any]]
    at: Mapped[str] = mapped_column(String(5))
    zone: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    done_on: Mapped[date]
    failed: Mapped[bool]

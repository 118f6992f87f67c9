"""Tables of calls that are told: the chats that are told of missed ones, the cards of the callers, and digests."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables.base import Table, TelegramId


class CallSubscription(Table):
    """Chat that is told of missed calls of a station: of all, or where one of the phones rang, or that came to one of
    the numbers. `read_until`: the records up to then are read."""

    __tablename__ = "call_subscriptions"
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    thread_id: Mapped[TelegramId | None]
    phones: Mapped[list[Any]]
    numbers: Mapped[list[Any]]
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    read_until: Mapped[datetime]


class MissedCard(Table):
    """Card of a missed caller in a chat. `caller`: the number as compared, "" without one. `calls`: linkedid, local
    start and end, and what rang, oldest first. `outcome` is set with `closed_at`."""

    __tablename__ = "missed_cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[TelegramId]
    caller: Mapped[str] = mapped_column(String(16))
    calls: Mapped[list[Any]]
    # Outbox row that sends the card.
    message: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    opened_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(128))
    claimed_at: Mapped[datetime | None]
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
